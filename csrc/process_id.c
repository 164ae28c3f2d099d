#if !defined(_WIN32) && !defined(_POSIX_C_SOURCE)
#define _POSIX_C_SOURCE 200809L /* getpid */
#endif
#include "process_id.h"

#ifdef _WIN32
/* There is no fork. */
long process_id(void) {
  return 0;
}
#else
#include <unistd.h>

long process_id(void) {
  return (long)getpid();
}
#endif
