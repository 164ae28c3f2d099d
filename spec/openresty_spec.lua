-- The library inside nginx. This file runs on every Lua and drives; what runs inside nginx is always LuaJIT.

local answers = require "spec.support.answers"
local cjson = require("cjson").new()
local cqueues = require "cqueues"
local nginx = require "spec.support.nginx"
local process = require "spec.support.process"
local scripted_server = require "spec.support.scripted_server"
local slowness = require "spec.support.slowness"

-- Phases in which nothing may wait. exit_worker and balancer are like them.
local HTTP = [[
  init_by_lua_block { require("spec.support.nginx_phases").try() }
  init_worker_by_lua_block { require("spec.support.nginx_phases").try() }
]]

-- The first group is what a user writes: no client, no option, nothing but `require`.
local SERVER = [[
  location = /rewrite {
    rewrite_by_lua_block { ngx.ctx.backfill = assert(require("supermetrics").get_backfill(12345, 67890)) }
    content_by_lua_block { ngx.print(ngx.ctx.backfill.status) }
  }
  location = /access {
    access_by_lua_block { ngx.ctx.backfill = assert(require("supermetrics").get_backfill(12345, 67890)) }
    content_by_lua_block { ngx.print(ngx.ctx.backfill.status) }
  }
  location = /content {
    content_by_lua_block { ngx.print(assert(require("supermetrics").get_backfill(12345, 67890)).status) }
  }
  location = /timer {
    content_by_lua_block {
      local status
      assert(ngx.timer.at(0, function()
        status = assert(require("supermetrics").get_backfill(12345, 67890)).status
      end))
      while not status do
        ngx.sleep(0.001)
      end
      ngx.print(status)
    }
  }
  location = /side_by_side {
    content_by_lua_block {
      local supermetrics = require "supermetrics"
      local first = ngx.thread.spawn(supermetrics.get_backfill, 12345, 67890)
      local second = ngx.thread.spawn(supermetrics.get_backfill, 12345, 67890)
      ngx.print(select(2, ngx.thread.wait(first)).status, " ", select(2, ngx.thread.wait(second)).status)
    }
  }

  location = /phases {
    set_by_lua_block $unused { require("spec.support.nginx_phases").try() return "" }
    header_filter_by_lua_block { require("spec.support.nginx_phases").try() }
    body_filter_by_lua_block { require("spec.support.nginx_phases").try() }
    log_by_lua_block { require("spec.support.nginx_phases").try() }
    content_by_lua_block { ngx.print("whole") }
  }
  location = /seen { content_by_lua_block { require("spec.support.nginx_phases").say() } }

  location = /shared {
    content_by_lua_block { require("spec.support.nginx_clients").say("get_backfill", 12345, 67890) }
  }
  location = /deadline {
    content_by_lua_block { require("spec.support.nginx_clients").say("get_backfill", 12345, 67890, {deadline = 0.3}) }
  }
  location = /wait {
    content_by_lua_block { require("spec.support.nginx_clients").say("wait_for_backfill", 12345, 67890) }
  }
  location = /cancel_backfills { content_by_lua_block { require("spec.support.nginx_clients").say_batch() } }

  location = /given_up/call {
    lua_check_client_abort on;
    content_by_lua_block { require("spec.support.nginx_clients").say("get_backfill", 12345, 67890) }
  }
  location = /given_up/access {
    lua_check_client_abort on;
    access_by_lua_block { require("spec.support.nginx_clients").shared:get_backfill(12345, 67890) }
    content_by_lua_block { ngx.print("not reached") }
  }
  location = /given_up/batch {
    lua_check_client_abort on;
    content_by_lua_block { require("spec.support.nginx_clients").say_batch() }
  }
  location = /in_flight { content_by_lua_block { require("spec.support.nginx_clients").say_in_flight() } }

  location /static/ { alias ./; }
  location = /load {
    content_by_lua_block {
      ngx.print(ngx.worker.pid(), " ", assert(require("supermetrics").get_backfill(12345, 67890)).status)
    }
  }
]]

local function after(seconds, answer)
  return {{wait = seconds}, {send = answer}}
end

describe("OpenResty", function()
  local service

  local function start(workers)
    return nginx.start{
      workers = workers,
      environment = {SUPERMETRICS_API_KEY = "key_of_the_openresty_spec", SUPERMETRICS_BASE_URL = service:base_url()},
      http = HTTP,
      server = SERVER,
    }
  end

  setup(function()
    service = scripted_server.start()
  end)

  teardown(function()
    service:stop()
  end)

  describe("with one worker", function()
    local server

    setup(function()
      server = start(1)
    end)

    teardown(function()
      assert.equal(0, server:stop())
    end)

    after_each(function()
      assert.same({}, server:new_complaints())
    end)

    local function body_of(path)
      local answer = assert(server:request{path = path}, "no answer to " .. path)
      assert.equal(200, answer.status, path .. ": " .. answer.body)
      return answer.body
    end

    it("waits in rewrite, access, content and timers, with nothing but require, over one connection", function()
      service:script{answers.backfill()}
      for _, path in ipairs{"/rewrite", "/access", "/content", "/timer", "/rewrite", "/access", "/content"} do
        assert.equal("CANCELLED", body_of(path))
      end
      assert.equal(7, #service:requests())
      assert.equal("Bearer key_of_the_openresty_spec", service:requests()[1].headers.authorization)
      assert.equal(1, (service:connections()))
    end)

    it("shares the connections among requests that run at once", function()
      local exchanges
      for _ = 1, 3 do
        service:script{after(0.1, answers.backfill())}
        exchanges = {}
        for index = 1, 4 do
          exchanges[index] = server:open{path = "/content"}
        end
        for index = 1, 4 do
          assert.equal("CANCELLED", exchanges[index]:answer().body)
        end
      end
      assert.equal(0, (service:connections()))
    end)

    it("has calls of two light threads take the time of one", function()
      service:script{after(0.3, answers.backfill())}
      local began = cqueues.monotime()
      assert.equal("CANCELLED CANCELLED", body_of("/side_by_side"))
      assert.truthy(cqueues.monotime() - began < 0.5 * slowness)
    end)

    it("says what to do in phases that cannot wait, and stalls nothing there", function()
      service:script{{{stall = true}}}
      assert.equal("whole", body_of("/phases"))
      local seen = cjson.decode(body_of("/seen"))
      for _, phase in ipairs{"init", "init_worker", "set", "header_filter", "body_filter", "log"} do
        local what = assert(seen[phase], phase)
        assert.truthy(what.raised, phase)
        assert.truthy(what.raised:find("the phase " .. phase .. " of OpenResty cannot wait", 1, true), what.raised)
        assert.truthy(what.raised:find("ngx.timer.at(0, ", 1, true), what.raised)
        assert.truthy(what.seconds < 0.05 * slowness, phase)
      end
      -- Where there are no timers yet, the advice says from when on there are.
      assert.truthy(seen.init.raised:find("init_worker", 1, true), seen.init.raised)
      assert.equal(0, #service:requests())
    end)

    it("tries again", function()
      service:script{answers.error(500, "INTERNAL_ERROR"), answers.error(429, "LIMIT", {["Retry-After"] = "0"}),
        answers.backfill()}
      assert.equal("CANCELLED after 3", body_of("/shared"))
      assert.equal(3, #service:requests())
    end)

    it("keeps a deadline", function()
      service:script{{{stall = true}}}
      local began = cqueues.monotime()
      assert.equal("timeout after 1", body_of("/deadline"))
      local seconds = cqueues.monotime() - began
      assert.truthy(seconds >= 0.29 and seconds < 0.5 * slowness, seconds)
    end)

    it("waits for a backfill", function()
      service:script{answers.backfill{status = '"RUNNING"'}, answers.backfill{status = '"COMPLETED"'}}
      assert.equal("COMPLETED after 1", body_of("/wait"))
      assert.equal(2, #service:requests())
    end)

    it("cancels many at once", function()
      -- All answers show the same backfill, which three of the four did not ask for.
      service:script{after(0.3, answers.backfill())}
      local began = cqueues.monotime()
      assert.equal("1 cancelled, 3 failed", body_of("/cancel_backfills"))
      assert.truthy(cqueues.monotime() - began < 0.9 * slowness)
      for index = 1, 4 do
        assert.equal("PATCH", service:requests()[index].method)
      end
    end)

    it("goes on with a call whose browser went away, and uses its connection again", function()
      service:script{answers.backfill()}
      assert.equal("CANCELLED after 1", body_of("/shared"))
      service:script{after(0.2, answers.backfill())}
      local exchange = server:open{path = "/shared"}
      assert.is_true(service:wait_for("requests", 1))
      exchange:drop()
      assert.is_true(server:wait_for("/in_flight", "0"))
      assert.equal("CANCELLED after 1", body_of("/shared"))
      assert.equal(2, #service:requests())
      assert.equal(0, (service:connections()))
    end)

    for _, case in ipairs{
      {name = "a call in content", path = "/given_up/call", requests = 1, in_flight = "1"},
      {name = "a call in access", path = "/given_up/access", requests = 1, in_flight = "1"},
      {name = "a batch", path = "/given_up/batch", requests = 4, in_flight = "4"},
      {name = "a pause before another attempt", path = "/given_up/call", requests = 1, in_flight = "0",
        answer = answers.error(429, "LIMIT", {["Retry-After"] = "20"})},
    } do
      it("leaves nothing of " .. case.name .. " where lua_check_client_abort ends it with its browser", function()
        service:script{answers.backfill()}
        assert.equal("CANCELLED after 1", body_of("/shared"))
        local _, open_before = service:connections()
        for _ = 1, 3 do
          service:script{case.answer or {{stall = true}}}
          local exchange = server:open{path = case.path}
          assert.is_true(service:wait_for("requests", case.requests))
          assert.is_true(server:wait_for("/in_flight", case.in_flight))
          exchange:drop()
          assert.is_true(server:wait_for("/in_flight", "0"))
          -- The connections of what was given up are closed, in the middle of an answer as they are.
          assert.is_true(service:wait_for("open", open_before))
          -- New requests take the memory of the old one, for longer than a step of a wait: nothing of it may come back
          -- to life.
          service:script{after(0.1, answers.backfill())}
          local later = {}
          for index = 1, 3 do
            later[index] = server:open{path = "/content"}
          end
          for index = 1, 3 do
            assert.equal("CANCELLED", assert(later[index]:answer(), "a worker died").body)
          end
          assert.is_true(service:wait_for("open", open_before + 3))
          _, open_before = service:connections()
        end
      end)
    end

    it("serves others within 10 ms while 100 slow calls are in flight", function()
      local seconds = 0.5 * math.min(slowness, 10)
      service:script{after(seconds, answers.backfill())}
      local exchanges = {}
      for index = 1, 100 do
        exchanges[index] = server:open{path = "/content"}
      end
      local ends = cqueues.monotime() + seconds
      local times = {}
      while cqueues.monotime() < ends do
        local began = cqueues.monotime()
        assert.equal(200, server:request{path = "/static/nginx.conf"}.status)
        times[#times + 1] = cqueues.monotime() - began
      end
      for index = 1, 100 do
        assert.equal("CANCELLED", exchanges[index]:answer().body)
      end
      assert.equal(100, #service:requests())
      table.sort(times)
      assert.truthy(#times >= 100, #times)
      assert.truthy(times[math.ceil(#times * 0.99)] < 0.01 * slowness, times[math.ceil(#times * 0.99)])
    end)
  end)

  it("loses no request and no worker where two workers are replaced twice under load", function()
    local server = start(2)
    local ok, reason = pcall(function()
      service:script{after(0.05, answers.backfill())}
      local exchanges, workers = {}, {}
      -- Twenty are always under way; the oldest tells which worker it was.
      local function step()
        exchanges[#exchanges + 1] = server:open{path = "/load"}
        if #exchanges < 20 then
          return nil
        end
        local answer = assert(table.remove(exchanges, 1):answer(), "a request was lost")
        local pid, status = answer.body:match("^(%d+) (%S+)$")
        assert.equal("CANCELLED", status, answer.body)
        local is_new = not workers[pid]
        workers[pid] = true
        return is_new
      end
      for _ = 1, 60 do
        step()
      end
      for _ = 1, 2 do
        server:reload()
        local ends = cqueues.monotime() + 10 * slowness
        repeat
          assert.truthy(cqueues.monotime() < ends, "no new worker answers")
        until step()
        for _ = 1, 40 do
          step()
        end
      end
      for _, exchange in ipairs(exchanges) do
        assert.truthy(assert(exchange:answer(), "a request was lost").body:find("CANCELLED", 1, true))
      end
      assert.is_true(server:wait_for_log(4, "worker process %d+ exited with code 0"))
    end)
    assert.equal(0, server:stop())
    assert.is_true(ok, reason)
    assert.same({}, server:new_complaints())
  end)

  describe("example", function()
    local CONFIGURATION = "examples/openresty/nginx.conf"
    local sandbox, server

    -- The command that the file's first lines tell, with another place to listen and to keep files.
    local function start_as_documented(environment)
      local folder = nginx.new_folder()
      local file = assert(io.open(CONFIGURATION, "rb"))
      local text = file:read("*a")
      file:close()
      local command = assert(text:match("\n#%s+(WEBHOOK_SECRET=%S+ nginx [^\n]+)"), "no command in " .. CONFIGURATION)
      local replaced
      text, replaced = text:gsub("listen 127%.0%.0%.1:8080;", "listen unix:" .. folder .. "/socket;")
      assert.equal(1, replaced)
      text = text:gsub("build/nginx", folder .. "/nginx")
      local copy = assert(io.open(folder .. "/nginx.conf", "wb"))
      assert(copy:write(text))
      assert(copy:close())
      command, replaced = command:gsub("%-c " .. CONFIGURATION:gsub("%p", "%%%0"), "-c " .. folder .. "/nginx.conf")
      assert.equal(1, replaced)
      local exec = command:gsub("nginx ", "exec nginx ", 1)
      return nginx.adopt(folder, {"sh", "-c", exec .. nginx.own_option()}, environment)
    end

    setup(function()
      sandbox = process.start{"luajit", "lua/supermetrics/sandbox/command.lua", "--quiet"}
      local environment = {}
      for _ = 1, 2 do
        local name, value = assert(sandbox:read_line()):match("^export ([%u_]+)=(.*)$")
        environment[name] = value
      end
      server = start_as_documented(environment)
    end)

    teardown(function()
      assert.equal(0, server:stop())
      sandbox:signal("TERM")
      assert.equal(0, (sandbox:wait()))
    end)

    after_each(function()
      assert.same({}, server:new_complaints())
    end)

    local function cancel(path, method)
      local answer = server:request{method = method or "POST", path = path}
      local ok, body = pcall(cjson.decode, answer.body)
      return answer.status, ok and body or answer.body, answer
    end

    it("cancels a backfill and answers JSON", function()
      local status, body, answer = cancel("/cancel/12345/1003")
      assert.equal(200, status)
      assert.equal("application/json", answer.headers["content-type"])
      assert.same({backfill_id = "1003", status = "CANCELLED", runs_ended = 25, runs_total = 31}, body)
    end)

    it("tells why it did not", function()
      local status, body = cancel("/cancel/12345/1005")
      assert.equal(409, status)
      assert.equal("unprocessable", body.error)
      assert.equal("not_applied", body.outcome)
      assert.equal("COMPLETED", body.status)
      status, body = cancel("/cancel/12345/9999")
      assert.equal(404, status)
      assert.equal("not_found", body.error)
      assert.truthy(body.message:find("cancel_backfill", 1, true))
    end)

    it("takes nothing but POST and ids", function()
      local status, _, answer = cancel("/cancel/12345/1003", "GET")
      assert.equal(405, status)
      assert.equal("POST", answer.headers.allow)
      for _, path in ipairs{"/", "/cancel/12345", "/cancel/12345/0", "/cancel/12345/x",
        "/cancel/1/9999999999999999999"} do
        assert.equal(404, (cancel(path)), path)
      end
    end)

    local SECRET = "a_secret_of_yours"

    local function call_webhook(body, secret)
      local answer = server:request{method = "POST", path = "/webhook", body = body,
        headers = {["X-Webhook-Secret"] = secret}}
      return answer.status, cjson.decode(answer.body).message
    end

    it("cancels on a webhook, and says that there is nothing to do where it calls twice", function()
      local status, message = call_webhook('{"team_id": 12345, "backfill_id": "9007199254740993"}', SECRET)
      assert.equal(200, status, message)
      assert.truthy(message:find("^backfill 9007199254740993 of transfer 504: CANCELLED"), message)
      status, message = call_webhook('{"team_id": 12345, "backfill_id": "9007199254740993"}', SECRET)
      assert.equal(200, status, message)
      assert.truthy(message:find("already CANCELLED", 1, true), message)
    end)

    it("refuses a webhook without the secret, or without ids", function()
      assert.equal(403, (call_webhook('{"team_id": 12345, "backfill_id": 1001}', "another secret")))
      assert.equal(403, (call_webhook('{"team_id": 12345, "backfill_id": 1001}')))
      for body, problem in pairs{
        ["not JSON"] = "JSON object",
        ["[]"] = "team_id must be",
        ['{"team_id": 12345}'] = "backfill_id must be",
        ['{"team_id": 12345, "backfill_id": 9007199254740993}'] = "backfill_id must be",
      } do
        local status, message = call_webhook(body, SECRET)
        assert.equal(400, status, body)
        assert.truthy(message:find(problem, 1, true), message)
      end
    end)

    it("makes whoever calls the webhook try again where that may help", function()
      local status, message = call_webhook('{"team_id": 12345, "backfill_id": 1007}', SECRET)
      assert.equal(503, status)
      assert.truthy(message:find("server_error", 1, true), message)
    end)
  end)
end)
