--- Warm calls in a second, one after another: those of a run with many less a run with one.

local contestants = require "spec.bench.contestants"
local report = require "spec.bench.report"
local statistics = require "spec.bench.statistics"

local ROUNDS = 7
local LEAST_SHARE = 0.95

-- So many that each takes about half a second.
local RUNNERS = {
  {name = "floor", count = 4000},
  {name = "subject", count = 4000},
  {name = "subject_luajit", count = 4000},
  {name = "lua_curl", count = 4000},
  {name = "lua_http", count = 2000},
  {name = "luasocket", count = 1000, https_count = 30},
  {name = "curl", count = 40, https_count = 20},
}

local function rate(server, scheme, runner)
  local contestant = contestants[runner.name]
  local count = scheme == "https" and runner.https_count or runner.count
  local one = contestant:spend(server, scheme, 1).seconds
  return (count - 1) / (contestant:spend(server, scheme, count).seconds - one)
end

local function measure(server, scheme)
  local rates = {}
  for _ = 1, ROUNDS do
    for _, runner in ipairs(RUNNERS) do
      rates[runner.name] = rates[runner.name] or {}
      table.insert(rates[runner.name], rate(server, scheme, runner))
    end
  end
  return rates
end

-- Whether the subject is above every Lua peer.
local function is_fastest(rates)
  local own = statistics.of(rates.subject).median
  for _, name in ipairs{"lua_curl", "lua_http", "luasocket"} do
    if statistics.of(rates[name]).median >= own then
      return false
    end
  end
  return true
end

local function rows_of(server, scheme, rows)
  local rates = measure(server, scheme)
  for _, runner in ipairs(RUNNERS) do
    local name = runner.name
    local row = report.figures({measure = "warm calls in a second, " .. scheme, of = contestants[name].name},
      statistics.of(rates[name]), report.whole)
    if name ~= "floor" then
      local share = statistics.ratio(rates[name], rates.floor)
      row.ratio = ("%.2f x the floor"):format(share)
      if name == "subject" and scheme == "https" then
        row.target = ("at least %.2f x, above Lua peers"):format(LEAST_SHARE)
        row.verdict = report.verdict(share >= LEAST_SHARE and is_fastest(rates))
      end
    end
    rows[#rows + 1] = row
  end
end

return function(server)
  local rows = {}
  for _, scheme in ipairs{"http", "https"} do
    rows_of(server, scheme, rows)
  end
  return rows
end
