--- The event loops that the client is tried in, by name. Each is a function of the loop's module, and returns `sleep`,
-- the option of a client, and run(bodies, is_over), which runs functions side by side until is_over().

local core = require "supermetrics.core"

local event_loops = {}

function event_loops.cqueues(cqueues)
  local loop = {sleep = cqueues.sleep}
  function loop.run(bodies, is_over)
    local controller = cqueues.new()
    for _, body in ipairs(bodies) do
      controller:wrap(body)
    end
    while not is_over() do
      assert(controller:step(0.1))
    end
  end
  return loop
end

-- Runs luv until is_over(), and leaves no timer behind.
local function run_luv(uv, is_over)
  while not is_over() do
    uv.run("once")
  end
  uv.walk(function(handle)
    if not handle:is_closing() then
      handle:close()
    end
  end)
  uv.run()
end

-- The way of most programs: whoever sleeps leaves a timer that resumes it.
function event_loops.luv(uv)
  local loop = {sleep = require "supermetrics.sleep.luv"}
  function loop.run(bodies, is_over)
    for _, body in ipairs(bodies) do
      coroutine.wrap(body)()
    end
    run_luv(uv, is_over)
  end
  return loop
end

-- The other way: whoever sleeps yields the seconds, and whoever runs it takes care of the timer.
event_loops["luv with a scheduler"] = function(uv)
  local loop = {sleep = coroutine.yield}
  local function go_on(thread)
    local _, seconds = assert(coroutine.resume(thread))
    if coroutine.status(thread) ~= "dead" then
      local timer = uv.new_timer()
      timer:start(math.ceil(seconds * 1000), 0, function()
        timer:close()
        go_on(thread)
      end)
    end
  end
  function loop.run(bodies, is_over)
    for _, body in ipairs(bodies) do
      go_on(coroutine.create(body))
    end
    run_luv(uv, is_over)
  end
  return loop
end

-- Debian's has no sleep: see examples/event_loops/copas.lua.
function event_loops.copas(copas)
  local loop, sleepers = {}, {}
  function loop.sleep(seconds)
    sleepers[coroutine.running()] = core.now() + seconds
    coroutine.yield()
  end
  local function until_first_due()
    local first = math.huge
    for _, moment in pairs(sleepers) do
      first = math.min(first, moment)
    end
    return math.max(first - core.now(), 0) + 0.0005
  end
  local function wake()
    local due = {}
    for thread, moment in pairs(sleepers) do
      due[#due + 1] = moment <= core.now() and thread or nil
    end
    for _, thread in ipairs(due) do
      sleepers[thread] = nil
      copas.addthread(thread)
    end
  end
  function loop.run(bodies, is_over)
    for _, body in ipairs(bodies) do
      copas.addthread(body)
    end
    while not is_over() do
      copas.step(until_first_due())
      wake()
    end
  end
  return loop
end

return event_loops
