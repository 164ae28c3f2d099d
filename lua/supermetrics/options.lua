--- The options that are policy, checked like those of the core: a misspelt name or an impossible value raises.

local core = require "supermetrics.core"
local misuse = require "supermetrics.misuse"

local options = {}

local function is_seconds(value)
  return type(value) == "number" and value > 0 and value < math.huge
end

local function is_count(value)
  return type(value) == "number" and value >= 1 and value <= 1000 and value % 1 == 0
end

local function is_function(value)
  return type(value) == "function"
end

local function is_token(value)
  return type(value) == "function" or type(value) == "string"
end

local function is_boolean(value)
  return type(value) == "boolean"
end

local function is_anything()
  return true
end

local SECONDS = {is_seconds, "a number of seconds greater than 0"}
local COUNT = {is_count, "a whole number from 1 to 1000"}
local FUNCTION = {is_function, "a function"}
local TOKEN = {is_token, "a string, or a function that returns one"}
local BOOLEAN = {is_boolean, "true or false"}
local CHECKED_ELSEWHERE = {is_anything} -- by the core, or by the function that takes it

local function with_core(names, rows)
  for _, name in ipairs(names) do
    rows[name] = rows[name] or CHECKED_ELSEWHERE
  end
  return rows
end

local CALL = with_core(core.call_options, {deadline = SECONDS, max_attempts = COUNT, token = TOKEN})

local function with_call(rows)
  for name, row in pairs(CALL) do
    rows[name] = rows[name] or row
  end
  return rows
end

--- What each place takes. `noun` is how messages call one of its options.
options.of = {
  client = {
    noun = "option",
    rows = with_core(core.client_options, {deadline = SECONDS, max_attempts = COUNT, token = TOKEN,
      on_attempt = FUNCTION, sleep = FUNCTION}),
  },
  call = {noun = "override", rows = CALL},
  batch = {noun = "option", rows = with_call{concurrency = COUNT, on_result = FUNCTION}},
  incomplete = {
    noun = "option",
    rows = with_call{concurrency = COUNT, on_result = FUNCTION, dry_run = BOOLEAN, transfer_id = CHECKED_ELSEWHERE,
      status = CHECKED_ELSEWHERE},
  },
  wait = {noun = "option", rows = with_call{on_progress = FUNCTION, timeout = SECONDS}},
}

--- What stands for no options at all; nobody changes it.
options.NONE = {}

local function sorted_names(rows)
  local names = {}
  for name in pairs(rows) do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, ", ")
end

local function shown(value)
  return type(value) == "string" and ("%q"):format(value) or tostring(value)
end

-- Values of options may be secrets: a message shows numbers and booleans only.
local function described(value)
  local kind = type(value)
  return (kind == "number" or kind == "boolean") and tostring(value) or "a " .. kind
end

--- Raises where a table of options is not what the place takes.
-- @param function_name for the message
-- @param place one of options.of
-- @param given table or nil
-- @return the same table, or options.NONE
function options.check(function_name, place, given)
  if given == nil then
    return options.NONE
  end
  if type(given) ~= "table" then
    -- No value: somebody may have passed the key itself.
    misuse.raise(("%s: the %ss must be a table, got a %s"):format(function_name, place.noun, type(given)))
  end
  for name, value in pairs(given) do
    local row = place.rows[name]
    if not row then
      misuse.raise(("%s: there is no %s %s; there are %s"):format(function_name, place.noun, shown(name),
        sorted_names(place.rows)))
    elseif not row[1](value) then
      misuse.raise(("%s: %s '%s' must be %s, got %s"):format(function_name, place.noun, name, row[2],
        described(value)))
    end
  end
  return given
end

--- The part of a checked table that the core knows.
-- @param names core.client_options or core.call_options
function options.for_core(names, given)
  local part = {}
  for _, name in ipairs(names) do
    part[name] = given[name]
  end
  return part
end

return options
