--- Cold start, from the start of the process to its end with the result read, over plain http; and the peak of its
-- memory.

local contestants = require "spec.bench.contestants"
local report = require "spec.bench.report"
local statistics = require "spec.bench.statistics"

local ROUNDS = 41
local MOST_TIME, MOST_MEMORY = 1.25, 1.15

local NAMES = {"curl_once", "floor", "subject", "subject_luajit", "lua_curl", "lua_http", "luasocket"}

local function milliseconds(seconds)
  return ("%.2f ms"):format(seconds * 1000)
end

local function kibibytes(count)
  return report.whole(count) .. " KiB"
end

local function measure(server)
  local times, peaks = {}, {}
  for _ = 1, ROUNDS do
    for _, name in ipairs(NAMES) do
      local spent = contestants[name]:spend(server, "http", 1)
      times[name], peaks[name] = times[name] or {}, peaks[name] or {}
      table.insert(times[name], spent.seconds)
      table.insert(peaks[name], spent.peak)
    end
  end
  return times, peaks
end

-- Rows of one measure; `base` is whom the others are compared with.
local function add_rows(rows, measured, options)
  for _, name in ipairs(NAMES) do
    local row = report.figures({measure = options.measure, of = contestants[name].name}, statistics.of(measured[name]),
      options.format)
    if name ~= options.base then
      local ratio = statistics.ratio(measured[name], measured[options.base])
      row.ratio = ("%.3f x %s"):format(ratio, options.base_name)
      if name == "subject" then
        row.target, row.verdict = ("at most %.2f x"):format(options.most), report.verdict(ratio <= options.most)
      end
    end
    rows[#rows + 1] = row
  end
end

return function(server)
  local times, peaks = measure(server)
  local rows = {}
  add_rows(rows, times, {measure = "cold start", base = "curl_once", base_name = "curl(1)", most = MOST_TIME,
    format = milliseconds})
  add_rows(rows, peaks, {measure = "peak memory", base = "floor", base_name = "the floor", most = MOST_MEMORY,
    format = kibibytes})
  return rows
end
