--- The few socket calls that cqueues does not have, by LuaJIT's ffi. Linux only: constants and sockaddr_in are its.

local ffi = require "ffi"

ffi.cdef [[
struct raw_socket_address { uint16_t family; uint16_t port; uint32_t address; uint8_t zero[8]; };
struct raw_socket_linger { int enabled; int seconds; };
struct raw_socket_poll { int fd; short events; short revents; };
int socket(int domain, int type, int protocol);
int bind(int fd, const struct raw_socket_address *address, uint32_t length);
int connect(int fd, const struct raw_socket_address *address, uint32_t length);
int listen(int fd, int backlog);
int getsockname(int fd, struct raw_socket_address *address, uint32_t *length);
int setsockopt(int fd, int level, int name, const void *value, uint32_t length);
int ioctl(int fd, unsigned long request, ...);
int poll(struct raw_socket_poll *entries, unsigned long count, int milliseconds);
uint16_t htons(uint16_t number);
uint32_t htonl(uint32_t number);
char *strerror(int number);
void (*signal(int number, void (*handler)(int)))(int);
]]

local AF_INET, SOCK_STREAM, SOCK_NONBLOCK, SOCK_CLOEXEC = 2, 1, 0x800, 0x80000
local SOL_SOCKET, SO_LINGER = 1, 13
local SIOCOUTQNSD = 0x894B
local POLLIN = 1
local SIG_IGN = ffi.cast("void (*)(int)", 1)
local SIGNALS = { PIPE = 13, TERM = 15 }
local EINPROGRESS = 115
local LOOPBACK = 0x7F000001

local raw_socket = {}

local function check(result, call)
  if result < 0 then
    error(call .. ": " .. ffi.string(ffi.C.strerror(ffi.errno())), 3)
  end
  return result
end

local function loopback(port)
  return ffi.new("struct raw_socket_address", AF_INET, ffi.C.htons(port), ffi.C.htonl(LOOPBACK))
end

local function open(flags)
  return check(ffi.C.socket(AF_INET, SOCK_STREAM + SOCK_CLOEXEC + flags, 0), "socket")
end

--- Binds a port of 127.0.0.1 that nobody else has, without listening on it.
-- @return number descriptor
-- @return number port
function raw_socket.bind()
  local fd = open(0)
  local address, length = loopback(0), ffi.new("uint32_t[1]", 16)
  check(ffi.C.bind(fd, address, length[0]), "bind")
  check(ffi.C.getsockname(fd, address, length), "getsockname")
  return fd, ffi.C.htons(address.port)
end

--- Listens on a bound descriptor.
-- @param fd number
-- @param backlog number of connections that may wait; Linux lets one more in
function raw_socket.listen(fd, backlog)
  check(ffi.C.listen(fd, backlog), "listen")
end

--- Begins to connect to a port of 127.0.0.1 and does not wait for it.
-- @param port number
-- @return number descriptor
function raw_socket.begin_connect(port)
  local fd = open(SOCK_NONBLOCK)
  local result = ffi.C.connect(fd, loopback(port), 16)
  if result < 0 and ffi.errno() ~= EINPROGRESS then
    check(result, "connect")
  end
  return fd
end

--- Waits until a descriptor is readable; for one that listens: until a connection waits to be accepted.
-- @param fd number
-- @param seconds number
-- @return boolean
function raw_socket.wait_readable(fd, seconds)
  local entries = ffi.new("struct raw_socket_poll[1]", { { fd, POLLIN, 0 } })
  return check(ffi.C.poll(entries, 1, seconds * 1000), "poll") == 1
end

--- Makes the next close of a descriptor send a reset instead of an orderly end.
-- @param fd number
function raw_socket.reset_on_close(fd)
  local linger = ffi.new("struct raw_socket_linger", 1, 0)
  check(ffi.C.setsockopt(fd, SOL_SOCKET, SO_LINGER, linger, ffi.sizeof(linger)), "setsockopt")
end

--- How much of what was written has not left this end yet.
-- @param fd number
-- @return number of bytes
function raw_socket.unsent_bytes(fd)
  local count = ffi.new("int[1]")
  check(ffi.C.ioctl(fd, SIOCOUTQNSD, count), "ioctl")
  return count[0]
end

--- Makes the process take no notice of a signal.
-- @param name "PIPE" or "TERM"
function raw_socket.ignore_signal(name)
  ffi.C.signal(assert(SIGNALS[name], "no such signal"), SIG_IGN)
end

return raw_socket
