/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process's three standard files: that they are open, and that what was printed arrived. */
#ifndef XDPCTL_CMD_OUTPUT_H
#define XDPCTL_CMD_OUTPUT_H

/* Before anything else is opened. */
void output_init(void);
/* Last of all; returns the exit status, which is @status if all output was written. */
int output_finish(int status);

#endif
