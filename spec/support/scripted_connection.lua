--- One connection of the scripted server: reads requests and carries out, step by step, what the script answers.
-- Every wait also watches for the peer leaving, so a connection lasts no longer than its peer.

local cqueues = require "cqueues"
local errno = require "cqueues.errno"
local ffi = require "ffi"
local raw_socket = require "spec.support.raw_socket"

ffi.cdef "int SSL_shutdown(void *ssl);"

-- How long a closed connection goes on taking what the peer still sends. A close with unread bytes sends a reset, which
-- can overtake the orderly end: the peer would see now the one and now the other.
local LINGER_SECONDS = 0.2

local Connection = {}
Connection.__index = Connection

-- The library that cqueues has loaded already: loading it again by its name gives the same one.
local function load_libssl()
  for _, library_name in ipairs { "libssl.so.3", "libssl.so.1.1" } do
    local found, library = pcall(ffi.load, library_name)
    if found then
      return library
    end
  end
  error("neither libssl.so.3 nor libssl.so.1.1 is there")
end

-- Takes what has arrived into the buffer, or waits for it.
-- @return true where something arrived, false after the time, nil where the peer has gone
function Connection:receive_more(deadline)
  while true do
    local data, reason = self.socket:recv(-65536)
    if data then
      self.buffer = self.buffer .. data
      return true
    elseif reason ~= errno.EAGAIN then
      return nil
    end
    local remaining = deadline and deadline - cqueues.monotime()
    if remaining and remaining <= 0 then
      return false
    end
    cqueues.poll(self.socket, remaining)
  end
end

-- Waits, taking in what the peer sends meanwhile. False where the peer goes first.
function Connection:wait(seconds)
  local deadline = seconds and cqueues.monotime() + seconds
  while true do
    local arrived = self:receive_more(deadline)
    if arrived == nil then
      return false
    elseif not arrived then
      return true
    end
  end
end

function Connection:receive(count)
  while #self.buffer < count do
    if not self:receive_more() then
      return false
    end
  end
  return true
end

function Connection:send(bytes)
  return self.socket:write(bytes) ~= nil
end

function Connection:close()
  if not self.secured or self:send_close_notify() then
    self.socket:shutdown("w")
    self.scene:count_open(-1)
    self.counted = false
    self:wait(LINGER_SECONDS)
  end
  self.socket:close()
  return false
end

-- cqueues ends a TLS connection without the word that it is complete, which OpenSSL 3 calls an unexpected end.
function Connection:send_close_notify()
  local ssl = ffi.cast("void **", self.socket:checktls())[0]
  return load_libssl().SSL_shutdown(ssl) >= 0
end

function Connection:reset()
  -- A reset throws away what has not left yet; the script's earlier bytes are to arrive.
  while raw_socket.unsent_bytes(self.socket:pollfd()) > 0 and self:wait(0.001) do
    self.buffer = ""
  end
  raw_socket.reset_on_close(self.socket:pollfd())
  self.socket:close()
  return false
end

-- One function for each kind of step; false ends the connection.
local STEPS = {
  send = function(self, step)
    for _ = 1, step.times or 1 do
      if not self:send(step.send) then
        return false
      end
    end
    return true
  end,
  drip = function(self, step)
    for position = 1, #step.drip do
      if position > 1 and not self:wait(step.seconds) then
        return false
      end
      if not self:send(step.drip:sub(position, position)) then
        return false
      end
    end
    return true
  end,
  receive = function(self, step)
    return self:receive(step.receive)
  end,
  wait = function(self, step)
    return self:wait(step.wait)
  end,
  stall = function(self)
    return self:wait(nil)
  end,
  close = function(self, step)
    if step.close == "abrupt" then
      self.secured = false
    end
    return self:close()
  end,
  reset = Connection.reset,
}

function Connection:perform(answer)
  for _, step in ipairs(answer.steps) do
    if not STEPS[step.name](self, step) then
      return false
    end
  end
  return true
end

-- The bytes up to and with the empty line, or nil where the peer leaves first.
function Connection:read_head()
  local from = 1
  while true do
    local _, last = self.buffer:find("\r\n\r\n", from, true)
    if last then
      local head = self.buffer:sub(1, last)
      self.buffer = self.buffer:sub(last + 1)
      return head
    end
    from = math.max(1, #self.buffer - 2)
    if not self:receive_more() then
      return nil
    end
  end
end

-- By Content-Length only: what the client under test sends is never chunked.
function Connection:read_body(request)
  local length = tonumber(request.head:lower():match("\r\ncontent%-length:%s*(%d+)")) or 0
  if not self:receive(length) then
    return false
  end
  request.body = self.buffer:sub(1, length)
  request.complete = true
  self.buffer = self.buffer:sub(length + 1)
  return true
end

-- Carries out the next answer if it is for this moment in the life of a connection.
function Connection:perform_at(moment)
  local answer = self.scene:take_answer(moment)
  return not answer or self:perform(answer)
end

function Connection:secure()
  local tls = self.scene.tls
  if not tls then
    return true
  end
  self.secured = self.socket:starttls(tls) ~= nil
  return self.secured
end

function Connection:answer_request()
  local head = self:read_head()
  if not head then
    return false
  end
  local request = self.scene:add_request { head = head, body = "", complete = false, connection = self.number }
  local answer = self.scene:take_answer()
  if answer.at == "headers" then
    return self:perform(answer) and self:read_body(request)
  end
  return self:read_body(request) and self:perform(answer)
end

--- Serves a connection until one of both ends it.
-- @param socket a cqueues socket, accepted
-- @param scene the script and the records, see scripted_server_process.lua
local function run(socket, scene)
  -- Text mode, the default, turns CR LF into LF; an unbuffered output needs no flush.
  socket:setmode("bn", "bn")
  -- By default cqueues throws on a reset; here that is an end like any other.
  socket:onerror(function(_, _, reason)
    return reason
  end)
  local self = setmetatable({
    socket = socket,
    scene = scene,
    buffer = "",
    secured = false,
    counted = true,
    number = scene:add_connection(),
  }, Connection)
  if self:perform_at("accept") and self:secure() and self:perform_at("open") then
    repeat
      local kept_alive = self:answer_request()
    until not kept_alive
  end
  if self.counted then
    scene:count_open(-1)
  end
  socket:close()
end

return { run = run }
