--- A real nginx with the Lua module for specs, as an ordinary process with all of its files in a temporary folder.
--
--   local server = nginx.start {
--     environment = { SUPERMETRICS_API_KEY = "…" },
--     server = [[ location = /call { content_by_lua_block { ngx.say(…) } } ]],
--   }
--   local answer = server:request { path = "/call" }
--   server:stop()
--
-- It listens on a socket in its folder: nginx cannot take whatever TCP port is free and tell which, and a port that was
-- found free may be taken by the time that nginx binds it. For what runs inside nginx there is no difference.

local cqueues = require "cqueues"
local process = require "spec.support.process"
local slowness = require "spec.support.slowness"
local socket = require "cqueues.socket"

local nginx = {}

local Nginx = {}
Nginx.__index = Nginx

local Exchange = {}
Exchange.__index = Exchange

-- For a machine that is busy; everything here takes milliseconds.
local LONGEST_WAIT = 20 * slowness
-- Between two looks at something that says nothing of its own.
local LOOK_SECONDS = 0.002

local MODULES = "/usr/lib/nginx/modules/"

-- An eager collector's folder and report, where `make gccheck` runs this: see spec/support/eager.
local EAGER_PATH = os.getenv("SPEC_EAGER_PATH") or ""
local IS_EAGER = EAGER_PATH ~= ""

local function output_of(command)
  local pipe = assert(io.popen(command, "r"))
  local line = pipe:read("*l")
  pipe:close()
  return assert(line, "no output of: " .. command)
end

local function write_file(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  assert(file:close())
end

-- The text of a file; empty where there is none.
local function read_file(path)
  local file = io.open(path, "rb")
  if not file then
    return ""
  end
  local text = file:read("*a")
  file:close()
  return text
end

local function is_alive(pid)
  -- Lua 5.1 returns the exit status, later ones whether it was 0.
  local result = os.execute(("kill -s 0 %d 2>/dev/null"):format(pid))
  return result == true or result == 0
end

-- %NAME% stands for what is only known at the start.
local TEMPLATE = [[
%OWN%
daemon off;
worker_processes %WORKERS%;
pid nginx.pid;
error_log error.log notice;
load_module %MODULES%ndk_http_module.so;
load_module %MODULES%ngx_http_lua_module.so;
# nginx takes every variable away from its workers that is not named here.
%ENV%
events {
  worker_connections 2048;
}
http {
  access_log off;
  client_body_temp_path client_body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  lua_package_path "%CHECKOUT%/lua/?.lua;%CHECKOUT%/lua/?/init.lua;%CHECKOUT%/?.lua;;";
  lua_package_cpath "%CHECKOUT%/build/luajit/?.so;;";
%HTTP%
  server {
    listen unix:%FOLDER%/socket backlog=2048;
    location = /up { return 204; }
%SERVER%
  }
}
]]

local function env_directives(environment)
  local lines = {}
  for name in pairs(environment) do
    lines[#lines + 1] = ("env %s;"):format(name)
  end
  return table.concat(lines, "\n")
end

-- Workers of a root's nginx would be somebody else, who may not be let into the checkout.
local function own_directives()
  local user = output_of("id -u") == "0" and "user root;" or ""
  return user .. (IS_EAGER and "env SPEC_EAGER_REPORT;" or "")
end

--- What to add to a command that starts nginx with a configuration that is not ours.
-- @return string
function nginx.own_option()
  local directives = own_directives()
  return directives == "" and "" or " -g '" .. directives .. "'"
end

local function configuration_of(folder, options)
  local values = {
    OWN = own_directives(),
    WORKERS = tostring(options.workers or 1),
    MODULES = MODULES,
    ENV = env_directives(options.environment or {}),
    CHECKOUT = output_of("pwd"),
    FOLDER = folder,
    HTTP = options.http or "",
    SERVER = options.server or "",
  }
  return (TEMPLATE:gsub("%%(%u+)%%", values))
end

-- Whether it answers at all, with whatever status.
local function answers(self)
  local ok, answer = pcall(self.request, self, { path = "/up" })
  return ok and answer ~= nil
end

local function wait_until_up(self)
  local ends = cqueues.monotime() + LONGEST_WAIT
  while not answers(self) do
    if not is_alive(self.child.pid) or cqueues.monotime() > ends then
      local log = self:log()
      self:stop()
      error("nginx did not start:\n" .. log, 0)
    end
    cqueues.sleep(LOOK_SECONDS)
  end
end

--- A temporary folder; Nginx:stop removes it.
-- @return string
function nginx.new_folder()
  return output_of("mktemp -d")
end

--- Starts a command that ends as nginx, and waits until it answers.
-- @param folder from nginx.new_folder; nginx listens on its `socket` and logs to its `error.log` or to stderr
-- @param command list of strings: the program and its arguments
-- @param environment table of variables, or nil
-- @return Nginx
function nginx.adopt(folder, command, environment)
  -- Our paths are for another Lua; and Debian's nginx lies where only root looks for programs.
  local variables = { LUA_PATH = EAGER_PATH .. ";;", LUA_CPATH = ";;", PATH = os.getenv("PATH") .. ":/usr/sbin" }
  for name, value in pairs(environment or {}) do
    variables[name] = value
  end
  local self = setmetatable({ folder = folder, has_stopped = false, complaint_count = 0 }, Nginx)
  self.child = process.start(command, variables, { stderr = folder .. "/stderr" })
  wait_until_up(self)
  return self
end

--- Starts nginx.
-- @param options table: `server` and `http`, directives for these places; `workers`, 1 where absent; `environment`,
--   table of variables that the workers get as well
-- @return Nginx
function nginx.start(options)
  local folder = nginx.new_folder()
  write_file(folder .. "/nginx.conf", configuration_of(folder, options))
  return nginx.adopt(folder, { "nginx", "-e", "error.log", "-p", folder, "-c", "nginx.conf" }, options.environment)
end

--- Sends a request over a connection of its own, and does not wait for the answer.
-- @param request table: `path`; `method`, GET where absent; `headers`, a table; `body`
-- @return Exchange
function Nginx:open(request)
  local connection = assert(socket.connect { path = self.folder .. "/socket" })
  connection:setmode("bn", "bn")
  connection:onerror(function(_, _, reason)
    return reason
  end)
  connection:settimeout(LONGEST_WAIT)
  local body = request.body or ""
  -- HTTP/1.0: the answer is one piece, and ends with the connection.
  local lines = {("%s %s HTTP/1.0"):format(request.method or "GET", request.path), "Host: localhost",
    "Content-Length: " .. #body}
  for name, value in pairs(request.headers or {}) do
    lines[#lines + 1] = name .. ": " .. value
  end
  local sent, reason = connection:write(table.concat(lines, "\r\n") .. "\r\n\r\n" .. body)
  if not sent then
    connection:close()
    error("cannot send a request to nginx: " .. tostring(reason), 2)
  end
  return setmetatable({ connection = connection }, Exchange)
end

--- Waits for the answer.
-- @return table with `status`, `headers` (by lower-cased name), `body`; nil where the connection ended without a whole
--   one
function Exchange:answer()
  local text = self.connection:read("*a")
  self.connection:close()
  local head, body = (text or ""):match("^(HTTP/.-\r\n)\r\n(.*)$")
  if not head then
    return nil
  end
  local headers = {}
  for name, value in head:gmatch("\r\n([^:\r\n]+):[ \t]*([^\r\n]*)") do
    headers[name:lower()] = value
  end
  local length = tonumber(headers["content-length"])
  if length and length ~= #body then
    return nil
  end
  return { status = tonumber(head:match("^HTTP/%S+ (%d+)")), headers = headers, body = body }
end

--- Goes away without waiting for the answer.
function Exchange:drop()
  self.connection:close()
end

--- Sends a request and waits for the answer; see `open` and `answer`.
function Nginx:request(request)
  return self:open(request):answer()
end

--- Asks until an answer has this body.
-- @return boolean whether it came to that
function Nginx:wait_for(path, body)
  local ends = cqueues.monotime() + LONGEST_WAIT
  while cqueues.monotime() < ends do
    local answer = self:request { path = path }
    if answer and answer.body == body then
      return true
    end
    cqueues.sleep(LOOK_SECONDS)
  end
  return false
end

--- Has nginx read its configuration again and replace its workers; they have not been replaced when this returns.
function Nginx:reload()
  self.child:signal("HUP")
end

--- What nginx wrote.
-- @return string
function Nginx:log()
  return self.final_log or read_file(self.folder .. "/stderr") .. read_file(self.folder .. "/error.log")
end

--- Waits until the log has so many matches of a pattern.
-- @return boolean whether it came to that
function Nginx:wait_for_log(count, pattern)
  local ends = cqueues.monotime() + LONGEST_WAIT
  repeat
    local _, found = self:log():gsub(pattern, "")
    if found >= count then
      return true
    end
    cqueues.sleep(LOOK_SECONDS)
  until cqueues.monotime() > ends
  return false
end

local function complaints_in(text)
  local lines = {}
  for line in text:gmatch("[^\n]+") do
    local level = line:match("%[(%l+)%]")
    if level ~= "notice" and level ~= "info" then
      lines[#lines + 1] = line
    end
  end
  return lines
end

--- The lines of the log since this was last asked that tell of trouble: a crashed worker, an error in a handler, a
-- warning.
-- @return list of strings
function Nginx:new_complaints()
  local all = complaints_in(self:log())
  local new = {}
  for index = self.complaint_count + 1, #all do
    new[#new + 1] = all[index]
  end
  self.complaint_count = #all
  return new
end

--- Ends nginx, whatever it works on. The log stays readable. A second call does nothing.
-- @return number the exit code
function Nginx:stop()
  if not self.has_stopped then
    self.has_stopped = true
    self.child:signal("TERM")
    self.exit_code = self.child:wait()
    self.final_log = self:log()
    os.execute("rm -rf " .. process.quote(self.folder))
  end
  return self.exit_code
end

return nginx
