--- The request log: one line for each request, and never a credential in it.

local request_log = {}

local methods = {}
local metatable = {__index = methods, __name = "supermetrics.sandbox.request_log"}

--- Makes a log.
-- @param write function called with a line, without its newline
-- @param keys list of rows with `credential`: what must not show, wherever in a request it was put by mistake
function request_log.new(write, keys)
  local self = setmetatable({write = write, credentials = {}}, metatable)
  for _, key in ipairs(keys) do
    table.insert(self.credentials, key.credential)
  end
  return self
end

function metatable:__tostring()
  return ("%s without %d credentials"):format(metatable.__name, #self.credentials)
end

local function remove(text, credential)
  local first, last = text:find(credential, 1, true)
  while first do
    text = text:sub(1, first - 1) .. "[removed]" .. text:sub(last + 1)
    first, last = text:find(credential, first + #"[removed]", true)
  end
  return text
end

--- A text without credentials, and without bytes that could forge a line or steer a terminal.
-- @param text string
-- @param secret string, what the request has sent as its credential, or nil: a stranger's key must not show either
function methods:clean(text, secret)
  if secret then
    text = remove(text, secret)
  end
  for _, known in ipairs(self.credentials) do
    text = remove(text, known)
  end
  return (text:gsub("[^\32-\126]", "?"))
end

--- Writes the line of a request.
-- @param timestamp string
-- @param request table: `method`, `path`, `id`, `secret`
-- @param outcome number, the status of the answer, or the word for what became of it
function methods:add(timestamp, request, outcome)
  local line = ("%s %s %s %s %s"):format(timestamp, request.method, request.path, tostring(outcome), request.id)
  self.write(self:clean(line, request.secret))
end

return request_log
