--- The server that everybody is measured against: nginx with one process, whose answer is the same 518 bytes.
--
--   http, https     HTTP/1.1, kept alive
--   http2           https that agrees on HTTP/2
--   …/after/50/v1   answers after 50 ms
--   …/id/v1         answers after so many milliseconds as the id is above 1,000,000

local nginx = require "spec.support.nginx"
local process = require "spec.support.process"

local server = {}

local Server = {__name = "spec.bench.server"}

function Server:__tostring()
  return Server.__name .. " " .. self.urls.http
end

local ANSWER = [[{"meta":{"request_id":"4b0f6a52-9f0c-4c55-b7f4-0d6e1d1a7c33"},]]
  .. [["data":{"transfer_backfill_id":%s,"transfer_id":5021,]]
  .. [["range_start_date":"2024-01-01","range_end_date":"2024-01-31",]]
  .. [["created_time":"2024-02-01T08:00:00Z","created_user_id":789,]]
  .. [["removed_time":"2024-02-01T09:30:00Z","removed_user_id":790,]]
  .. [["start_time":"2024-02-01T08:00:05Z","end_time":"2024-02-01T09:30:00Z","status":"CANCELLED",]]
  .. [["transfer_runs_total":31,"transfer_runs_created":31,"transfer_runs_completed":25,"transfer_runs_failed":0,]]
  .. [["error_report":[]}}]]

local HTTP = [[
  keepalive_requests 10000000;
  keepalive_timeout 600;
  http2_max_concurrent_streams 1000;
]]

-- %NAME% stands for what is only known at the start.
local SERVER = [[
    listen 127.0.0.1:%HTTP%;
    listen 127.0.0.1:%HTTPS% ssl;
    listen 127.0.0.1:%HTTP2% ssl http2;
    ssl_certificate %FOLDER%/certificate.pem;
    ssl_certificate_key %FOLDER%/key.pem;
    default_type application/json;
    location ~ ^/v1/teams/12345/backfills/(\d+)$ {
      return 200 '%ANSWER%';
    }
    location ~ ^/(?<delay>after/\d+|id)/v1/teams/12345/backfills/(?<id>\d+)$ {
      content_by_lua_block {
        local id = ngx.var.id
        ngx.sleep((ngx.var.delay:match("%d+") or id - 1000000) / 1000)
        local answer = ([=[%ANSWER_OF_LUA%]=]):format(id)
        ngx.header.content_length = #answer
        ngx.print(answer)
      }
    }
]]

local function run(words)
  local exit_code, output = process.start(words, nil, {stderr = "stdout"}):wait()
  assert(exit_code == 0, output)
end

local function new_certificate(folder)
  run{"openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
    "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost",
    "-keyout", folder .. "/key.pem", "-out", folder .. "/certificate.pem"}
end

-- nginx cannot say which port it was given, so some are tried.
local FIRST_PORT, LAST_PORT = 20000, 20700

local function start_nginx(folder)
  local ok, started
  for port = FIRST_PORT, LAST_PORT, 7 do
    local values = {HTTP = port, HTTPS = port + 1, HTTP2 = port + 2, FOLDER = folder, ANSWER = ANSWER:format("$1"),
      ANSWER_OF_LUA = ANSWER}
    ok, started = pcall(nginx.start, {http = HTTP, server = (SERVER:gsub("%%([%u%d_]+)%%", values))})
    if ok then
      return started, port
    elseif not started:find("Address already in use", 1, true) then
      break
    end
  end
  error(started, 0)
end

local function start(folder)
  new_certificate(folder)
  local started, port = start_nginx(folder)
  return setmetatable({
    nginx = started,
    certificate = folder .. "/certificate.pem",
    urls = {
      http = ("http://127.0.0.1:%d"):format(port),
      https = ("https://127.0.0.1:%d"):format(port + 1),
      http2 = ("https://127.0.0.1:%d"):format(port + 2),
    },
  }, Server)
end

-- Raises where nginx had something to complain about, since then it did not answer as measured.
local function stop(started)
  started.nginx:stop()
  local complaints = started.nginx:new_complaints()
  assert(#complaints == 0, complaints[1])
end

-- Lets a function have a server, and stops it, whatever becomes of that.
local function lend(folder, body)
  local started = start(folder)
  local ok, first, second = xpcall(body, debug.traceback, started)
  stop(started)
  if not ok then
    error(first, 0)
  end
  return first, second
end

--- Starts it, calls a function with it, and stops it.
-- @param body function(Server): `urls` by the names http, https and http2, without a path; `certificate`, the file to
--   trust
-- @return what the function returns, at most two values
function server.with(body)
  local folder = nginx.new_folder()
  local ok, first, second = pcall(lend, folder, body)
  run{"rm", "-rf", folder}
  if not ok then
    error(first, 0)
  end
  return first, second
end

return server
