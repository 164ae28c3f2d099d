--- The man page, made of description.lua: roff with the macros of man(7).

local description = require "supermetrics.command.description"
local exit_codes = require "supermetrics.command.exit_codes"

local manual = {}

-- Text of ours as roff text. A minus that is typed is \-; a word that begins with a dot or a quote must not become a
-- request.
local function escape(text)
  return (text:gsub("\\", "\\e"):gsub("%-", "\\-"):gsub("^([.'])", "\\&%1"):gsub(" ([.'])", " \\&%1"))
end

local function bold(text)
  return "\\fB" .. escape(text) .. "\\fR"
end

local function italic(text)
  return "\\fI" .. escape(text) .. "\\fR"
end

local function option_label(row)
  return bold(row.name) .. (row.value and " " .. italic(row.value) or "")
end

local function add(lines, ...)
  for _, line in ipairs{...} do
    lines[#lines + 1] = line
  end
end

local LONGEST_LINE = 80

-- Adds text in lines of a length that people can read in an editor.
local function add_text(lines, text)
  local line
  for word in escape(text):gmatch("%S+") do
    if line and #line + 1 + #word <= LONGEST_LINE then
      line = line .. " " .. word
    else
      add(lines, line)
      line = word
    end
  end
  add(lines, line)
end

local function add_paragraphs(lines, paragraphs)
  for index, paragraph in ipairs(paragraphs) do
    if index > 1 then
      add(lines, ".PP")
    end
    add_text(lines, paragraph)
  end
end

local function add_item(lines, label, text)
  add(lines, ".TP", label)
  add_text(lines, text)
end

local function add_options(lines, options)
  for _, row in ipairs(options) do
    add_item(lines, option_label(row), row.text)
  end
end

local function synopsis_of(command)
  local words = {bold(description.name), bold(command.name)}
  for _, row in ipairs(command.options or {}) do
    words[#words + 1] = "[" .. option_label(row) .. "]" .. (row.is_list and "..." or "")
  end
  for _, row in ipairs(command.arguments) do
    words[#words + 1] = italic(row.name) .. (row.is_list and "..." or "")
  end
  return table.concat(words, " ")
end

local function add_command(lines, command)
  add(lines, ".SS " .. escape(command.name), synopsis_of(command), ".PP")
  add_paragraphs(lines, command.description)
  for _, row in ipairs(command.arguments) do
    add_item(lines, italic(row.name), row.text)
  end
  add_options(lines, command.options or {})
end

local function add_examples(lines)
  for index, example in ipairs(description.examples) do
    if index > 1 then
      add(lines, ".PP")
    end
    add(lines, escape(example[1]), ".PP", ".nf", ".RS")
    for position = 2, #example do
      add(lines, escape(example[position]))
    end
    add(lines, ".RE", ".fi")
  end
end

--- The page.
-- @param version of the library
-- @return string
function manual.page(version)
  local name = description.name
  local lines = {
    (".TH %s 1 \"\" \"supermetrics %s\" \"User Commands\""):format(escape(name:upper()), escape(version)),
    ".nh", -- options are not hyphenated
    ".SH NAME",
    escape(name) .. " \\- " .. escape(description.summary),
    ".SH SYNOPSIS",
  }
  for index, command in ipairs(description.commands) do
    if index > 1 then
      add(lines, ".br")
    end
    add(lines, synopsis_of(command))
  end
  add(lines, ".SH DESCRIPTION")
  add_paragraphs(lines, description.description)
  add(lines, ".SH COMMANDS")
  for _, command in ipairs(description.commands) do
    add_command(lines, command)
  end
  add(lines, ".SH OPTIONS", "Every command has these.")
  add_options(lines, description.options)
  add(lines, ".SH EXIT STATUS")
  for _, row in ipairs(exit_codes.meanings) do
    add_item(lines, bold(tostring(row[1])), row[2])
  end
  add(lines, ".PP")
  add_text(lines, "Where several backfills end differently, the first of these that occurs: "
    .. table.concat(exit_codes.worst_first, ", ") .. ".")
  add(lines, ".SH ENVIRONMENT")
  for _, row in ipairs(description.environment) do
    add_item(lines, bold(row[1]), row[2])
  end
  add(lines, ".SH EXAMPLES")
  add_examples(lines)
  return table.concat(lines, "\n") .. "\n"
end

return manual
