-- The process behind scripted_server.lua, which starts it: a TCP server that does what its script says, byte for byte.
-- Usage: luajit scripted_server_process.lua OPTIONS-AS-JSON
-- It prints one line of JSON with its ports, takes its orders over one control connection and ends with that.

local directory = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = directory .. "/../../?.lua;" .. package.path

local cjson = require("cjson").new()
local condition = require "cqueues.condition"
local control_channel = require "spec.support.control_channel"
local cqueues = require "cqueues"
local raw_socket = require "spec.support.raw_socket"
local scripted_connection = require "spec.support.scripted_connection"
local socket = require "cqueues.socket"

-- For a spec that ends before it connects; whatever ends later closes the control connection.
local CONTROL_CONNECT_SECONDS = 60

--- The script and what has happened since it was set.
local scene = { answers = {}, position = 1, requests = {}, connections = 0, open = 0, changed = condition.new() }

function scene:set_script(answers)
  self.answers, self.position = answers, 1
  self.requests, self.connections = {}, 0
end

-- At a moment of a connection: the next answer if it is for that moment, else nil. For a request: the next answer,
-- whatever it is for, since a kept-alive connection has left the other moments behind.
function scene:take_answer(moment)
  local answer = self.answers[self.position]
  if moment and answer.at ~= moment then
    return nil
  end
  self.position = math.min(self.position + 1, #self.answers)
  return answer
end

function scene:add_connection()
  self.connections = self.connections + 1
  self:count_open(1)
  return self.connections
end

function scene:count_open(change)
  self.open = self.open + change
  self.changed:signal()
end

function scene:add_request(request)
  self.requests[#self.requests + 1] = request
  self.changed:signal()
  return request
end

local function listen()
  local listener = assert(socket.listen { host = "127.0.0.1", port = 0 })
  assert(listener:listen())
  local _, _, port = listener:localname()
  return listener, port
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- Sets up TLS where it is wanted; the path of the authority's certificate, which the process removes at its end.
local function set_up_tls(options)
  if not options then
    return nil
  end
  local certificates = require "spec.support.throwaway_certificates"
  local authority = certificates.new_authority("Throw-away authority")
  scene.tls = certificates.new_server_context(authority, options)
  local path = os.tmpname()
  write_file(path, certificates.authority_file(authority, options))
  return path
end

-- What the peers had done before they were asked about it may still wait in the kernel: a few rounds take it in.
local function settle()
  for _ = 1, 4 do
    cqueues.sleep(0)
  end
end

local ORDERS = {
  script = function(order)
    scene:set_script(order.answers)
    return true
  end,
  requests = function()
    return scene.requests
  end,
  counts = function()
    return { connections = scene.connections, open = scene.open }
  end,
  wait_for = function(order)
    local deadline = cqueues.monotime() + order.seconds
    local function reached()
      if order.what == "open" then
        return scene.open <= order.count
      end
      return (order.what == "requests" and #scene.requests or scene.connections) >= order.count
    end
    while not reached() and cqueues.monotime() < deadline do
      scene.changed:wait(deadline - cqueues.monotime())
    end
    return reached()
  end,
}

local function obey(loop, control_listener)
  local control_socket = control_listener:accept({ nodelay = true }, CONTROL_CONNECT_SECONDS)
  local control = control_socket and control_channel.new(control_socket)
  local order = control and control:receive()
  while order do
    -- Apart, so that the end of the control connection is noticed while an order waits for something.
    loop:wrap(function(current)
      settle()
      control:send { value = ORDERS[current.name](current) }
    end, order)
    order = control:receive()
  end
end

local function accept_all(loop, listener)
  while true do
    -- Nagle's algorithm would gather dripped bytes into larger segments.
    local accepted = listener:accept { nodelay = true }
    if accepted then
      loop:wrap(scripted_connection.run, accepted, scene)
    end
  end
end

local function main()
  -- cqueues keeps SIGPIPE from its own writes only, and OpenSSL writes without it at the end of a connection.
  raw_socket.ignore_signal("PIPE")
  -- When a spec process dies, SIGTERM comes together with the end of the control connection: that is the end that
  -- leaves no file behind.
  raw_socket.ignore_signal("TERM")
  local options = cjson.decode(arg[1])
  local listener, port = listen()
  local control_listener, control_port = listen()
  local ca_file = set_up_tls(options.tls)
  io.stdout:write(cjson.encode { port = port, control_port = control_port, ca_file = ca_file }, "\n")
  io.stdout:flush()
  local loop = cqueues.new()
  local finished = false
  loop:wrap(accept_all, loop, listener)
  loop:wrap(function()
    obey(loop, control_listener)
    finished = true
  end)
  local worked, reason = true, nil
  while worked and not finished do
    worked, reason = loop:step()
  end
  if ca_file then
    os.remove(ca_file)
  end
  assert(worked, reason)
end

main()
-- Collecting the connections that are still open would only take time.
os.exit(0)
