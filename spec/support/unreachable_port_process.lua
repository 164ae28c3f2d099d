-- Holds a port of 127.0.0.1 that cannot be connected to, until it is ended by a signal; run by unreachable_port.lua.
-- Usage: luajit unreachable_port_process.lua refused|silent

local directory = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = directory .. "/../../?.lua;" .. package.path
local ffi = require "ffi"
local raw_socket = require "spec.support.raw_socket"

ffi.cdef "int pause(void);"

local kind = arg[1]
local listener, port = raw_socket.bind()

-- A bound port that does not listen refuses connections, and nobody else gets it while it is bound.
if kind == "silent" then
  -- With the queue of a listener full, Linux drops further SYNs: the peer repeats them until its connect times out.
  -- A backlog of 0 has room for one connection, which we make ourselves and wait for: the queue counts it only when
  -- the handshake is complete.
  raw_socket.listen(listener, 0)
  raw_socket.begin_connect(port)
  assert(raw_socket.wait_readable(listener, 10), "the connection that fills the queue did not arrive")
else
  assert(kind == "refused", "usage: luajit unreachable_port_process.lua refused|silent")
end

io.stdout:write(port, "\n")
io.stdout:flush()
while true do
  ffi.C.pause()
end
