--- The memory of this process that is resident, in KiB.

return function()
  for line in io.lines("/proc/self/status") do
    local count = line:match("^VmRSS:%s+(%d+) kB")
    if count then
      return tonumber(count)
    end
  end
end
