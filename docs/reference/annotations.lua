--- Reads LuaCATS annotations: the lines of a Lua file that begin with three dashes, and what they stand above.
-- https://luals.github.io/wiki/annotations/
--
-- Only what this project uses is known; anything else raises, so that nothing is lost silently. As for
-- lua-language-server, prose stands above the @class, @alias or @field that it is about; that of a function is all of
-- its block.

local annotations = {}

local Model = {}
Model.__index = Model
Model.__name = "docs.annotations"

function Model:__tostring()
  return ("%s of %d files"):format(Model.__name, #self.files)
end

--- An empty model. `classes` and `aliases` are by name, `names` lists both in the order of the files; `functions` are
-- those that belong to no class, by "local_name.function_name"; `prose` and `returned` are by file: what stands above a
-- file's first line of code, and the function that it returns.
function annotations.new()
  return setmetatable({classes = {}, aliases = {}, names = {}, functions = {}, prose = {}, returned = {}, files = {}},
    Model)
end

local function fail(block, message)
  error(("%s:%d: %s"):format(block.file, block.line, message), 0)
end

-- A type ends at a space outside brackets, unless that follows what cannot end one.
local function take_type(text)
  local depth = 0
  for position = 1, #text do
    local character = text:sub(position, position)
    if character:find("[%(<{%[]") then
      depth = depth + 1
    elseif character:find("[%)>}%]]") then
      depth = depth - 1
    elseif character == " " and depth == 0 and not text:sub(position - 1, position - 1):find("[:,|]") then
      return text:sub(1, position - 1), text:sub(position + 1)
    end
  end
  return text, ""
end

local function take_prose(block)
  local prose = table.concat(block.prose, "\n"):gsub("^\n+", ""):gsub("%s+$", "")
  block.prose = {}
  return prose
end

local readers = {}

function readers.meta() end

function readers.class(model, block, rest)
  rest = rest:gsub("^%(exact%)%s+", "")
  local name, parent = rest:match("^([%w_%.]+)$"), nil
  if not name then
    name, parent = rest:match("^([%w_%.]+):%s*([%w_%.]+)$")
  end
  if not name then
    fail(block, "a class that cannot be read: " .. rest)
  end
  local class = model.classes[name]
  if not class then
    class = {name = name, fields = {}, methods = {}, prose = ""}
    model.classes[name] = class
    model.names[#model.names + 1] = name
  end
  class.parent = parent or class.parent
  local prose = take_prose(block)
  if prose ~= "" and class.prose ~= "" then
    fail(block, "a second text about " .. name)
  end
  class.prose = class.prose .. prose
  block.class = class
end

function readers.field(_, block, rest)
  local scope, after = rest:match("^(%a+)%s+(.*)$")
  if scope == "private" then
    rest = after
  else
    scope = nil
  end
  local name, optional, text = rest:match("^([%w_]+)(%??)%s+(.+)$")
  if not name then
    name, text = rest:match("^(%[%w+%])%s+(.+)$")
    optional = ""
  end
  if not block.class or not name then
    fail(block, "a field that cannot be read, or without a class: " .. rest)
  end
  local type, comment = take_type(text)
  if comment ~= "" then
    fail(block, "the text of a field stands above it")
  end
  local fields = block.class.fields
  fields[#fields + 1] = {name = name, is_optional = optional == "?", type = type, prose = take_prose(block),
    is_private = scope == "private"}
end

function readers.alias(model, block, rest)
  local name, type = rest:match("^([%w_%.]+)%s*(.*)$")
  if not name or model.aliases[name] then
    fail(block, "an alias that cannot be read, or is there twice: " .. rest)
  end
  block.alias = {name = name, type = type ~= "" and type or nil, values = {}, prose = take_prose(block)}
  model.aliases[name] = block.alias
  model.names[#model.names + 1] = name
end

function readers.param(_, block, rest)
  local name, optional, text = rest:match("^([%w_%.]+)(%??)%s+(.+)$") -- "..." is one too
  if not name then
    fail(block, "a parameter that cannot be read: " .. rest)
  end
  local type, prose = take_type(text)
  block.parameters[#block.parameters + 1] = {name = name, is_optional = optional == "?", type = type, prose = prose}
end

readers["return"] = function(_, block, rest)
  local type, text = take_type(rest)
  local name, prose = text:match("^([%a_][%w_]*)%s*(.*)$")
  block.returns[#block.returns + 1] = {type = type, name = name, prose = prose or text}
end

local function read_alias_value(block, text)
  local value, prose = text:match("^%s*(%S+)%s+#%s+(.+)$")
  if not block.alias or not value then
    fail(block, "a value that cannot be read, or without an alias: " .. text)
  end
  local values = block.alias.values
  values[#values + 1] = {value = value, prose = prose}
end

local function read_line(model, block, text)
  local tag, rest = text:match("^@(%w+)%s*(.*)$")
  if tag then
    if not readers[tag] then
      fail(block, "an unknown tag: @" .. tag)
    end
    block.has_tags = true
    readers[tag](model, block, rest)
  elseif text:sub(1, 1) == "|" then
    read_alias_value(block, text:sub(2))
  else
    block.prose[#block.prose + 1] = text:gsub("^ ", "")
  end
end

local function names_of(parameters)
  local names = {}
  for name in parameters:gmatch("[^%s,]+") do
    names[#names + 1] = name
  end
  return names
end

local function new_function(block, name, separator, parameters)
  return {name = name, separator = separator, prose = take_prose(block), parameters = block.parameters,
    returns = block.returns, source_parameters = names_of(parameters), file = block.file, line = block.line}
end

-- Gives a block to what stands under it.
local function bind(model, block, code, locals)
  local name = code:match("^local%s+([%w_]+)%s*=")
  if name and block.class then
    locals[name] = block.class
    return
  end
  local owner, separator, function_name, parameters = code:match("^function%s+([%w_]+)([.:])([%w_]+)%s*%(([^)]*)%)")
  if owner then
    local bound = new_function(block, function_name, separator, parameters)
    if locals[owner] then
      table.insert(locals[owner].methods, bound)
    else
      model.functions[owner .. "." .. function_name] = bound
    end
    return
  end
  local returned = code:match("^return%s+function%s*%(([^)]*)%)")
  if returned then
    model.returned[block.file] = new_function(block, nil, nil, returned)
  elseif #block.parameters + #block.returns > 0 then
    fail(block, "parameters without a function under them")
  elseif not block.has_tags and not model.prose[block.file] then
    model.prose[block.file] = take_prose(block)
  end
end

--- Adds what a file says.
-- @param file its name, for messages and as a key
-- @param source its text
function Model:read(file, source)
  self.files[#self.files + 1] = file
  local locals, block, line_number = {}, nil, 0
  for line in (source .. "\n"):gmatch("([^\n]*)\n") do
    line_number = line_number + 1
    local text = line:match("^%-%-%-(.*)$")
    if text then
      block = block or {file = file, prose = {}, parameters = {}, returns = {}}
      block.line = line_number
      read_line(self, block, text)
    elseif block then
      bind(self, block, line, locals)
      block = nil
    end
  end
end

return annotations
