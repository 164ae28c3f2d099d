--- What this process holds, as Linux counts it.

local meter = {}

local function read(path)
  local file = assert(io.open(path, "r"))
  local text = file:read("*a")
  file:close()
  return text
end

--- Resident memory after everything that nobody holds was collected.
-- @return number of KiB
function meter.resident_kibibytes()
  collectgarbage()
  collectgarbage()
  return assert(tonumber(read("/proc/self/status"):match("VmRSS:%s*(%d+) kB")))
end

--- Open descriptors.
-- @return number
function meter.descriptors()
  collectgarbage()
  collectgarbage()
  -- The listing is another process; it names ours.
  local pid = read("/proc/self/stat"):match("^%d+")
  local pipe = assert(io.popen("ls /proc/" .. pid .. "/fd | wc -l", "r"))
  local count = tonumber(pipe:read("*l"))
  pipe:close()
  return count
end

return meter
