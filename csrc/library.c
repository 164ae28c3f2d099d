#if defined(__linux__) && !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* dladdr */
#endif
#include "library.h"

#include <curl/curl.h>
#include <stdio.h>

/* The resend guard (CURLOPT_PREREQFUNCTION) came with 7.80. */
#if LIBCURL_VERSION_NUM < 0x075000
#error "supermetrics needs libcurl 7.80.0 or newer"
#endif

static const char *problem;
static char problem_text[128];
static const char *version_text;
static bool can_gunzip;
static bool hides_resets;

#ifdef __linux__
#include <dlfcn.h>

/* With CURLOPT_QUICK_EXIT libcurl may leave a resolver thread behind that returns into libcurl later. Lua unmaps its C
 * modules when a state closes, so this module, and with it libcurl, is pinned for the life of the process. Where the
 * core is linked into the program itself there is nothing to pin, and dlopen fails harmlessly. */
static void pin_module(void) {
  static const char anchor = 0;
  Dl_info module;
  if (dladdr((const void *)&anchor, &module) != 0 && module.dli_fname != NULL)
    (void)dlopen(module.dli_fname, RTLD_LAZY | RTLD_NODELETE | RTLD_NOLOAD);
}
#else
static void pin_module(void) {
}
#endif

static const char *describe(const char *format, const curl_version_info_data *version) {
  snprintf(problem_text, sizeof problem_text, format, version->version);
  return problem_text;
}

static void start_once(void) {
  /* Asked once: the answer is static data of libcurl's, which each call writes again. */
  const curl_version_info_data *version = curl_version_info(CURLVERSION_NOW);
  version_text = version->version;
  hides_resets = version->version_num < 0x075800; /* 7.80 to 7.86 do, 7.88 does not */
  can_gunzip = (version->features & CURL_VERSION_LIBZ) != 0;
  if (version->version_num < 0x075000)
    problem = describe("libcurl is %s, and the oldest that supermetrics works with is 7.80.0", version);
  else if ((version->features & CURL_VERSION_SSL) == 0)
    problem = describe("libcurl %s was built without TLS", version);
  else if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
    problem = "libcurl could not be initialised";
  else
    pin_module();
}

const char *library_version(void) {
  return version_text;
}

bool library_hides_resets(void) {
  return hides_resets;
}

bool library_can_gunzip(void) {
  return can_gunzip;
}

#ifdef _WIN32
#include <windows.h>

static BOOL CALLBACK start_once_windows(PINIT_ONCE once, PVOID parameter, PVOID *context) {
  (void)once, (void)parameter, (void)context;
  start_once();
  return TRUE;
}

const char *library_start(void) {
  static INIT_ONCE once = INIT_ONCE_STATIC_INIT;
  InitOnceExecuteOnce(&once, start_once_windows, NULL, NULL);
  return problem;
}
#else
#include <pthread.h>

/* A lock rather than pthread_once, since the tools that look for data races understand it. */
const char *library_start(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static int has_started;
  pthread_mutex_lock(&lock);
  if (!has_started)
    start_once();
  has_started = 1;
  pthread_mutex_unlock(&lock);
  return problem;
}
#endif
