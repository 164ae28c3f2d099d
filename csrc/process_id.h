/* Which process this is: after a fork there are two with the same connections. */
#ifndef SUPERMETRICS_PROCESS_ID_H
#define SUPERMETRICS_PROCESS_ID_H

#pragma GCC visibility push(hidden)

long process_id(void);

#pragma GCC visibility pop

#endif
