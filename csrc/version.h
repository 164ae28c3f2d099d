/* The one place where the version of the library is written. */
#ifndef SUPERMETRICS_VERSION_H
#define SUPERMETRICS_VERSION_H

#define SUPERMETRICS_VERSION "0.1.0"

#endif
