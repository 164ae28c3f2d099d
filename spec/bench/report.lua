--- The table of results, the same text for the terminal and for RESULTS.md.

local report = {}

local COLUMNS = {"measure", "of", "figure", "spread", "ratio", "target", "verdict"}

local function padded(text, width)
  return text .. (" "):rep(width - #text)
end

--- A table in Markdown whose columns stand below each other.
-- @param rows list of tables by the names of the columns; what is missing stays empty
-- @return string
function report.table(rows)
  local widths = {}
  for _, column in ipairs(COLUMNS) do
    widths[column] = #column
    for _, row in ipairs(rows) do
      widths[column] = math.max(widths[column], #(row[column] or ""))
    end
  end
  local function line_of(row)
    local cells = {}
    for index, column in ipairs(COLUMNS) do
      cells[index] = padded(row[column] or "", widths[column])
    end
    return "| " .. table.concat(cells, " | ") .. " |"
  end
  local titles, rules = {}, {}
  for _, column in ipairs(COLUMNS) do
    titles[column] = column
    rules[column] = ("-"):rep(widths[column])
  end
  local lines = {line_of(titles), line_of(rules)}
  for _, row in ipairs(rows) do
    lines[#lines + 1] = line_of(row)
  end
  return table.concat(lines, "\n") .. "\n"
end

--- The verdict on a figure.
function report.verdict(is_met)
  return is_met and "met" or "**missed**"
end

--- A whole number with its thousands apart.
function report.whole(number)
  local text = ("%.0f"):format(number)
  local grouped = text:reverse():gsub("(%d%d%d)", "%1,"):reverse():gsub("^,", "")
  return grouped
end

--- The figure and the spread of a row: median, and the quartiles.
-- @param format function(number)
function report.figures(row, figures, format)
  row.figure = format(figures.median)
  row.spread = format(figures.low) .. " to " .. format(figures.high)
  return row
end

return report
