--- Finds the row that answers a request.

local refusals = require "supermetrics.sandbox.refusals"

local routes = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.routes"}

local function compile(row)
  local names = {}
  for name in row.path:gmatch("{([%w_]+)}") do
    table.insert(names, name)
  end
  -- A part may be empty here: an empty id is a bad one (400), not an unknown path (404).
  local pattern = row.path:gsub("[%-%.]", "%%%0"):gsub("{[%w_]+}", "([^/]*)")
  return {row = row, names = names, pattern = "^" .. pattern .. "$"}
end

--- Makes the routes of lists of rows.
-- @param ... lists of rows with `method` and `path`
function routes.new(...)
  local self = setmetatable({compiled = {}}, metatable)
  for _, rows in ipairs {...} do
    for _, row in ipairs(rows) do
      table.insert(self.compiled, compile(row))
    end
  end
  return self
end

function metatable:__tostring()
  return ("%s of %d rows"):format(metatable.__name, #self.compiled)
end

local function named(names, ...)
  local parameters = {}
  for index, name in ipairs(names) do
    parameters[name] = (select(index, ...))
  end
  return parameters
end

--- Finds the row of a request.
-- @param method string
-- @param path string without query
-- @return row and the table of the path's parameters; or nil, a refusal, and for 405 the methods of the path as the
--   Allow header lists them
function methods:find(method, path)
  local allowed = {}
  for _, route in ipairs(self.compiled) do
    if path:find(route.pattern) then
      if route.row.method == method then
        return route.row, named(route.names, path:match(route.pattern))
      end
      table.insert(allowed, route.row.method)
    end
  end
  if not allowed[1] then
    return nil, refusals.new("route_unknown")
  end
  return nil, refusals.new("method_unknown", table.concat(allowed, " or ")), table.concat(allowed, ", ")
end

return routes
