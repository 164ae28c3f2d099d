--- Writes JSON: keys in order, so that two documents can be compared, and integers with all their digits, where
-- lua-cjson 2.1.0 has no order and writes 14 digits. Strings are cjson's.

local cjson = require("cjson").new()

local number_text = require "supermetrics.command.number_text"

local json = {}

local List = {__name = "supermetrics.command.json.list"}

-- How the library names what holds ids. Where a Lua has no 64-bit integers, a large one is its decimal string.
local IDS = {id = true, transfer_backfill_id = true, transfer_id = true, created_user_id = true,
  removed_user_id = true}

--- Marks a table as a list, which matters where it is empty.
function json.list(values)
  return setmetatable(values, List)
end

-- What stands for bytes that are not UTF-8, which no reader of JSON accepts.
local REPLACEMENT = "\239\191\189"

-- The length of the UTF-8 character at a position, nil where there is none: table 3-7 of the Unicode Standard.
local function character_length(text, position)
  local first, second = text:byte(position, position + 1)
  local length = first < 0x80 and 1 or first >= 0xC2 and first < 0xE0 and 2 or first >= 0xE0 and first < 0xF0 and 3
    or first >= 0xF0 and first < 0xF5 and 4
  if not length or not text:find("^" .. ("[\128-\191]"):rep(length - 1), position + 1) then
    return nil
  end
  local is_overlong_or_beyond = first == 0xE0 and second < 0xA0 or first == 0xED and second > 0x9F
    or first == 0xF0 and second < 0x90 or first == 0xF4 and second > 0x8F
  return not is_overlong_or_beyond and length or nil
end

local function valid_utf8(text)
  if not text:find("[\128-\255]") then
    return text
  end
  local parts, position = {}, 1
  while position <= #text do
    local length = character_length(text, position)
    parts[#parts + 1] = length and text:sub(position, position + length - 1) or REPLACEMENT
    position = position + (length or 1)
  end
  return table.concat(parts)
end

-- cjson writes every slash as \/, which is right and hard to read.
local function encode_text(text)
  return (cjson.encode(valid_utf8(text)):gsub("\\/", "/"))
end

local function is_id(name, text)
  return IDS[name] and #text <= 19 and text:find("^[1-9]%d*$") ~= nil
end

local encode

local function encode_list(values)
  local parts = {}
  for index, value in ipairs(values) do
    parts[index] = encode(value)
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

local function encode_object(fields)
  local names = {}
  for name in pairs(fields) do
    names[#names + 1] = tostring(name)
  end
  table.sort(names)
  for index, name in ipairs(names) do
    names[index] = encode_text(name) .. ":" .. encode(fields[name], name)
  end
  return "{" .. table.concat(names, ",") .. "}"
end

-- The service's own fields come without marks: what has a first element is a list.
function encode(value, name)
  if type(value) == "table" then
    if getmetatable(value) == List or value[1] ~= nil then
      return encode_list(value)
    end
    return encode_object(value)
  elseif type(value) == "number" then
    return number_text(value)
  elseif type(value) == "string" and not is_id(name, value) then
    return encode_text(value)
  end
  return tostring(value)
end

--- The text of a value made of tables, strings, numbers and booleans. A field `id` and the like is a number, whichever
-- way this Lua holds it.
function json.encode(value)
  return encode(value)
end

return json
