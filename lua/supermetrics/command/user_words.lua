--- What the library says of a misuse, in the words of the command line: TEAM for team_id, --base-url for base_url.

local description = require "supermetrics.command.description"

-- Those of the library's names that the command calls otherwise, or has no option for.
local SETTINGS = {timeout = "--attempt-timeout", api_key = "the key", base_url = "--base-url"}
local NO_OPTION = "; allow_insecure_http lifts this"

local function add_names(names, rows)
  for _, row in ipairs(rows or {}) do
    names[row.target or (row.name:gsub("^%-+", ""):gsub("-", "_"))] = row.name
  end
end

local function names_for(command)
  local names = {}
  add_names(names, description.options)
  for _, row in ipairs(description.commands) do
    if row.name == command then
      add_names(names, row.arguments)
      add_names(names, row.options)
    end
  end
  for name, own in pairs(SETTINGS) do
    names[name] = own
  end
  return names
end

-- The library names the line that made the call, which may be one of ours. Its sentences begin with the name of a
-- function, and no position looks like that.
local function without_position(message)
  return message:find("^[%l_]+: ") and message or message:gsub("^.-:%d+: ", "", 1)
end

--- The sentence for the user.
-- @param command name of the subcommand
-- @param message such as "get_backfill: backfill_id must be ..., got ..."
return function(command, message)
  local names = names_for(command)
  local text = without_position(message):gsub("^[%l_]+: ", "", 1)
  text = text:gsub("^([%l_]+)%[%d+%]", names, 1)
  text = text:gsub("^([%l_]+)", names, 1)
  text = text:gsub("^option '([%l_]+)'", names, 1):gsub("^the (base_url)", names, 1)
  local first, last = text:find(NO_OPTION, 1, true)
  if first then
    text = text:sub(1, first - 1) .. text:sub(last + 1)
  end
  return command .. ": " .. text
end
