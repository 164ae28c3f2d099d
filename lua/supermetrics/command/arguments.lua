--- The parser of the command line, made of description.lua.

local argparse = require "argparse"

local description = require "supermetrics.command.description"
local exit_codes = require "supermetrics.command.exit_codes"
local manual = require "supermetrics.command.manual"
local stop = require "supermetrics.command.stop"

local arguments = {}

local WIDTH = 80

local LONGEST_SECONDS = 86400 * 366

local function seconds(text)
  local number = text:find("^%d*%.?%d*$") and tonumber(text)
  if not number or number <= 0 or number > LONGEST_SECONDS then
    return nil, ("it takes a number of seconds greater than 0, not %q"):format(text)
  end
  return number
end

local function count(text)
  local number = text:find("^%d+$") and tonumber(text)
  if not number or number < 1 or number > 1000 then
    return nil, ("it takes a whole number from 1 to 1000, not %q"):format(text)
  end
  return number
end

-- What argparse says of a value that cannot be converted does not name the option.
local function naming(name, convert)
  return function(text)
    local value, message = convert(text)
    if value == nil then
      return nil, name .. ": " .. message
    end
    return value
  end
end

local KINDS = {seconds = seconds, count = count}

local function target_of(row)
  return row.target or (row.name:gsub("^%-+", ""):gsub("-", "_"))
end

local function add_argument(parser, row)
  local argument = parser:argument(row.name, row.text):target(target_of(row)):argname(row.name)
  if row.is_list then
    argument:args("+")
  end
end

local function add_option(parser, row)
  if not row.value then
    return parser:flag(row.name, row.text):target(target_of(row))
  end
  local option = parser:option(row.name, row.text):target(target_of(row)):argname(row.value)
  if row.kind then
    option:convert(naming(row.name, KINDS[row.kind]))
  end
  if row.choices then
    option:choices(row.choices)
  end
  if row.is_list then
    option:count("*"):init({})
  end
end

-- An action that ends the command. argparse makes a string of whatever it raises, so the value is kept in `raised`.
local function ending(raised, action)
  return function()
    local _, problem = pcall(action)
    raised.problem = problem
    error(problem, 0)
  end
end

-- Text in place of a command. Raised, since what a command requires is not there then.
local function add_text(parser, raised, name, text, make)
  parser:flag(name, text):action(ending(raised, function()
    stop.text(make())
  end))
end

local function add_help(parser, raised)
  add_text(parser, raised, "-h --help", "Show this help.", function()
    return parser:get_help() .. "\n"
  end)
end

-- Whoever passes a key as an argument learns why not, and the message does not repeat it.
local function refuse_keys(parser, raised)
  parser:option("--api-key --apikey --key --token"):hidden(true):args("?"):action(ending(raised, function()
    stop.usage("a key is never an argument, since others on this machine could read it: set SUPERMETRICS_API_KEY, or "
      .. "name a file that holds it with --api-key-file. If the key was real, make a new one: it may stand in the "
      .. "history of your shell")
  end))
end

local function exit_code_lines()
  local lines = {"Exit codes:"}
  for _, row in ipairs(exit_codes.meanings) do
    lines[#lines + 1] = ("   %-4d%s"):format(row[1], row[2])
  end
  lines[#lines + 1] = "Of several backfills, the worst: " .. table.concat(exit_codes.worst_first, ", ") .. "."
  return table.concat(lines, "\n")
end

local function environment_lines()
  local lines = {"Environment:"}
  for _, row in ipairs(description.environment) do
    lines[#lines + 1] = ("   %-22s%s"):format(row[1], row[2])
  end
  return table.concat(lines, "\n")
end

local function add_command(parser, raised, row)
  local command = parser:command(row.name):add_help(false):summary(row.summary .. "."):help_max_width(WIDTH)
    :description(table.concat(row.description, "\n\n"))
    :epilog(("Options for every command, and the exit codes: %s --help"):format(description.name))
  for _, argument in ipairs(row.arguments) do
    add_argument(command, argument)
  end
  for _, option in ipairs(row.options or {}) do
    add_option(command, option)
  end
  add_help(command, raised)
end

local function new_parser(version, raised)
  local parser = argparse():name(description.name):add_help(false):command_target("command"):help_max_width(WIDTH)
    :description(table.concat(description.description, "\n\n"))
    :epilog(exit_code_lines() .. "\n\n" .. environment_lines())
  for _, row in ipairs(description.commands) do
    add_command(parser, raised, row)
  end
  for _, option in ipairs(description.options) do
    add_option(parser, option)
  end
  add_help(parser, raised)
  add_text(parser, raised, "--version", "Show the version.", function()
    return ("%s %s\n"):format(description.name, version)
  end)
  add_text(parser, raised, "--manual", "Print the man page: " .. description.name .. " --manual | man -l -", function()
    return manual.page(version)
  end)
  refuse_keys(parser, raised)
  return parser
end

--- Whether a list of arguments asks for JSON, also where the rest of it is wrong.
function arguments.want_json(list)
  for _, word in ipairs(list) do
    if word == "--" then
      return false
    elseif word == "--json" then
      return true
    end
  end
  return false
end

--- The parsed options; ends the command where they cannot be parsed, and where text was asked for.
-- @param list of strings, as on the command line
-- @param version of the library
function arguments.parse(list, version)
  local raised = {}
  local parser = new_parser(version, raised)
  local ok, is_parsed, result = pcall(parser.pparse, parser, list)
  if raised.problem then
    error(raised.problem, 0)
  elseif not ok then
    error(is_parsed, 0)
  elseif not is_parsed then
    -- argparse puts what it thinks was meant on a second line.
    stop.usage(("%s (%s --help tells more)"):format(result:gsub("\n", " "), description.name))
  end
  return result
end

return arguments
