local core = require "supermetrics.core"
local process = require "spec.support.process"
local sleep = require "supermetrics.sleep.luv"
local uv = require "luv"

describe("supermetrics.sleep.luv", function()
  it("lets others go on for as long as was asked, rounded up to whole milliseconds", function()
    for _, seconds in ipairs{0.001, 0.0204} do
      local began, order, waited = core.now(), {}, nil
      coroutine.wrap(function()
        sleep(seconds)
        waited = core.now() - began
        order[#order + 1] = "slept"
      end)()
      order[#order + 1] = "others"
      uv.run()
      assert.same({"others", "slept"}, order)
      -- luv's time is in whole milliseconds, so it may be up to one behind.
      assert.truthy(waited >= seconds - 0.001, waited)
    end
  end)

  it("leaves no handle behind", function()
    coroutine.wrap(function()
      sleep(0.001)
    end)()
    uv.run()
    local handles = 0
    uv.walk(function()
      handles = handles + 1
    end)
    assert.equal(0, handles)
  end)

  it("does not hide what the coroutine raises afterwards", function()
    local program = [[
      local sleep, uv = require "supermetrics.sleep.luv", require "luv"
      coroutine.wrap(function() sleep(0.001) error("the reason") end)()
      uv.run()]]
    local child = process.start({process.own_interpreter(), "-e", program}, {}, {stderr = "stdout"})
    local exit_code, output = child:wait()
    assert.truthy(output:find("the reason", 1, true), output)
    assert.not_equal(0, exit_code, output)
  end)
end)
