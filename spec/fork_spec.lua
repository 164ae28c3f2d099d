local answers = require "spec.support.answers"
local process = require "spec.support.process"
local scripted_server = require "spec.support.scripted_server"

-- Plain Lua cannot fork, so these are programs for LuaJIT, whatever Lua runs this spec.
local function run(server, program)
  local child = process.start({"luajit", "-e", program}, {
    SUPERMETRICS_API_KEY = "key_of_the_fork_spec",
    SUPERMETRICS_BASE_URL = server:base_url(),
    LUA_CPATH = "./build/luajit/?.so;;",
  }, {stderr = "stdout"})
  local exit_code, output = child:wait()
  return output, exit_code
end

local PROLOGUE = [[
local ffi = require "ffi"
ffi.cdef "int fork(void); int waitpid(int, int *, int); void _exit(int);"
local supermetrics = require "supermetrics"
local client = supermetrics.new()
local function in_child(body)
  local child = ffi.C.fork()
  if child == 0 then
    print(select(2, pcall(body)))
    io.stdout:flush()
    ffi.C._exit(0)
  end
  ffi.C.waitpid(child, nil, 0)
end
]]

describe("a client after a fork", function()
  local server

  setup(function()
    server = scripted_server.start()
  end)

  teardown(function()
    server:stop()
  end)

  it("tells the child to make its own, and goes on in the parent on the same connection", function()
    server:script{answers.backfill()}
    local output = run(server, PROLOGUE .. [[
assert(client:get_backfill(12345, 67890))
in_child(function()
  local refused = select(2, pcall(client.get_backfill, client, 12345, 67890))
  client:close()
  client = nil
  collectgarbage()
  return refused
end)
in_child(function() return (supermetrics.new():get_backfill(12345, 67890)).status end)
print((client:get_backfill(12345, 67890)).status)]])
    assert.truthy(output:find("supermetrics: the client was used before this process was forked off: make a new one "
      .. "here\nCANCELLED\nCANCELLED\n", 1, true), output)
    local connections = {}
    for index, request in ipairs(server:requests()) do
      connections[index] = request.connection
    end
    assert.same({1, 2, 1}, connections)
  end)

  it("may be used first in the child, as nginx does with what is made before its workers", function()
    server:script{answers.backfill()}
    local output = run(server, PROLOGUE .. [[
in_child(function() return (client:get_backfill(12345, 67890)).status end)
print((client:get_backfill(12345, 67890)).status)]])
    assert.equal("CANCELLED\nCANCELLED\n", output)
    assert.equal(2, (server:connections()))
  end)

  it("ends in the child what the parent has in flight, and leaves it alone in the parent", function()
    server:script{{{wait = 0.2}, {send = answers.backfill()}}}
    local output = run(server, PROLOGUE .. [[
local call = client.core:start("get_backfill", 12345, 67890)
while client.core:poll(0.05) > 0 and not sent do sent = true end
in_child(function()
  client.core:poll(0)
  return select(2, call:result()).reason
end)
while select("#", call:result()) == 0 do client.core:poll(1) end
print((call:result()).status)]])
    assert.equal("the process was forked while the call was in flight\nCANCELLED\n", output)
    assert.equal(1, #server:requests())
  end)

  it("does not read in the child what comes for the parent meanwhile", function()
    server:script{{{wait = 0.3}, {send = answers.backfill()}}}
    local output = run(server, PROLOGUE .. [[
local call = client.core:start("get_backfill", 12345, 67890)
while client.core:poll(0.05) > 0 and not sent do sent = true end
in_child(function()
  local core = require "supermetrics.core"
  local ends = core.now() + 0.6
  while core.now() < ends do
    client.core:poll(0.02)
    client.core:wait(0.02)
  end
  return select(2, call:result()).kind
end)
while select("#", call:result()) == 0 do client.core:poll(1) end
print((call:result()).status)]])
    assert.equal("aborted\nCANCELLED\n", output)
    assert.equal(1, #server:requests())
  end)
end)
