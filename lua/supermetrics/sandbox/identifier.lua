--- Identifiers of the sandbox: decimal strings over 1 … 9223372036854775807, exact on every Lua.
-- A number would not do: on Lua 5.1, 5.2 and LuaJIT it is a double, which knows whole numbers only up to 2^53.

local identifier = {}

local LARGEST = "9223372036854775807"

--- The one way to write an identifier.
-- @param text string as it stands in a path: decimal digits, leading zeros allowed
-- @return the decimal string without leading zeros, or nil where it is no integer of that range
function identifier.parse(text)
  local digits = text:match("^0*([1-9]%d*)$")
  if not digits or #digits > #LARGEST or (#digits == #LARGEST and digits > LARGEST) then
    return nil
  end
  return digits
end

-- The first whole number that a double cannot tell from its neighbour.
local FIRST_INEXACT = 2 ^ 53

--- The identifier in a decoded JSON value.
-- @param value number or string; of numbers only those that are exact
-- @return the decimal string, or nil where it is no integer of that range
function identifier.of(value)
  if type(value) == "number" and value % 1 == 0 and value > 0 and value < FIRST_INEXACT then
    return ("%d"):format(value)
  end
  return type(value) == "string" and identifier.parse(value) or nil
end

--- Whether one identifier is the smaller of two.
-- @param first decimal string
-- @param second decimal string
function identifier.is_less(first, second)
  if #first ~= #second then
    return #first < #second
  end
  return first < second
end

return identifier
