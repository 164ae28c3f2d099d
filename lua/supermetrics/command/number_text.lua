--- The digits of a number, the same on every Lua: Lua 5.1 prints 1e+15, Lua 5.3 tells 2.0 from 2.

local LARGEST_EXACT = 2 ^ 53

return function(value)
  if math.type and math.type(value) == "integer" then -- luacheck: ignore
    return ("%d"):format(value)
  elseif value % 1 == 0 and value > -LARGEST_EXACT and value < LARGEST_EXACT then
    return ("%.0f"):format(value)
  end
  return ("%.14g"):format(value)
end
