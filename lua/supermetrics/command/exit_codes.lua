--- The exit codes: one table for the code, `--help` and the man page.

local exit_codes = {
  SUCCESS = 0,
  FAILURE = 1,
  USAGE = 2,
  AUTHENTICATION = 3,
  NOT_FOUND = 4,
  ALREADY_FINAL = 5,
  NOT_COMPLETED = 6,
  TIMED_OUT = 7,
  OUTCOME_UNKNOWN = 8,
  NETWORK = 9,
  DECLINED = 10,
  OUTPUT = 11,
  INTERRUPTED = 130,
}

--- What each means, in the order in which they are documented.
exit_codes.meanings = {
  {exit_codes.SUCCESS, "success"},
  {exit_codes.FAILURE, "any other failure, such as HTTP 400, 422, 429 and 5xx"},
  {exit_codes.USAGE, "wrong usage: nothing was sent"},
  {exit_codes.AUTHENTICATION, "the key was refused, or may not do this (HTTP 401, 403)"},
  {exit_codes.NOT_FOUND, "the team has no such backfill or transfer"},
  {exit_codes.ALREADY_FINAL, "nothing to cancel: the backfill is COMPLETED or CANCELLED already"},
  {exit_codes.NOT_COMPLETED, "wait: the backfill ended as FAILED or CANCELLED"},
  {exit_codes.TIMED_OUT, "wait: the backfill had not ended in time"},
  {exit_codes.OUTCOME_UNKNOWN, "nobody knows whether it took effect: look before you go on"},
  {exit_codes.NETWORK, "no whole answer came: network, TLS, or the time ran out"},
  {exit_codes.DECLINED, "the question was not answered with yes: nothing was cancelled"},
  {exit_codes.OUTPUT, "the output could not be written; the rest may have been done"},
  {exit_codes.INTERRUPTED, "interrupted by Ctrl-C; what was sent by then may take effect"},
}

--- Where several backfills end differently, the first of these that occurs is the exit code.
exit_codes.worst_first = {
  exit_codes.OUTCOME_UNKNOWN, exit_codes.AUTHENTICATION, exit_codes.NETWORK, exit_codes.FAILURE, exit_codes.NOT_FOUND,
  exit_codes.ALREADY_FINAL, exit_codes.SUCCESS,
}

local OF_KIND = {
  unauthorized = exit_codes.AUTHENTICATION,
  forbidden = exit_codes.AUTHENTICATION,
  not_found = exit_codes.NOT_FOUND,
  network = exit_codes.NETWORK,
  timeout = exit_codes.NETWORK,
  tls = exit_codes.NETWORK,
}

--- Whether an Error of a cancel says that there was nothing left to cancel.
function exit_codes.is_already_final(err)
  return err.kind == "unprocessable" and err.backfill ~= nil and err.backfill:is_finished()
end

--- The exit code of an Error of the library.
function exit_codes.of_error(err)
  if err:may_have_taken_effect() then
    return exit_codes.OUTCOME_UNKNOWN
  elseif exit_codes.is_already_final(err) then
    return exit_codes.ALREADY_FINAL
  elseif err.kind == "timeout" and err.operation == "wait_for_backfill" then
    return exit_codes.TIMED_OUT
  end
  return OF_KIND[err.kind] or exit_codes.FAILURE
end

--- The worst of a list of exit codes; SUCCESS of an empty one.
function exit_codes.worst(codes)
  local occurs = {}
  for _, code in ipairs(codes) do
    occurs[code] = true
  end
  for _, code in ipairs(exit_codes.worst_first) do
    if occurs[code] then
      return code
    end
  end
  return exit_codes.SUCCESS
end

return exit_codes
