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
