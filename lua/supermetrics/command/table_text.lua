--- Tables for people: columns as wide as their widest cell, two spaces between them.

local table_text = {}

-- What the service sends must not steer a terminal.
local function printable(value)
  return (tostring(value):gsub("%c", " "))
end

-- Columns, not bytes: every byte but those that continue a UTF-8 character.
local function width_of(text)
  local _, count = text:gsub("[^\128-\191]", "")
  return count
end

local function widths_of(rows)
  local widths = {}
  for _, row in ipairs(rows) do
    for column, cell in ipairs(row) do
      widths[column] = math.max(widths[column] or 0, width_of(cell))
    end
  end
  return widths
end

local function line_of(row, index, widths, paint)
  local cells = {}
  for column, cell in ipairs(row) do
    local padding = column < #row and (" "):rep(widths[column] - width_of(cell)) or ""
    cells[column] = paint(cell, index) .. padding
  end
  return (table.concat(cells, "  "):gsub(" +$", ""))
end

--- The text of a table, with a newline behind each row.
-- @param rows list of lists of cells, as many in each; a heading is a row like the others
-- @param paint function(text, row) that colours the text of a cell, given the number of its row
function table_text.new(rows, paint)
  local clean = {}
  for index, row in ipairs(rows) do
    clean[index] = {}
    for column, cell in ipairs(row) do
      clean[index][column] = printable(cell)
    end
  end
  local widths, lines = widths_of(clean), {}
  for index, row in ipairs(clean) do
    lines[index] = line_of(row, index, widths, paint) .. "\n"
  end
  return table.concat(lines)
end

return table_text
