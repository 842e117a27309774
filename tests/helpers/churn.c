// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * churn LIBRARY IFACE ENGINE COUNT OBJECT...: loads the objects in one change and unloads them again,
 * COUNT times, all in this one process, by the shared library. Says how many descriptors it had
 * open before and after: "5 5".
 */
#include <dirent.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include <xdpctl.h>

#define OBJECTS_MAX XDPCTL_SLOTS_MAX

static struct {
	__typeof__(&xdpctl_open) open;
	__typeof__(&xdpctl_close) close;
	__typeof__(&xdpctl_ifindex) ifindex;
	__typeof__(&xdpctl_engine_parse) engine_parse;
	__typeof__(&xdpctl_load) load;
	__typeof__(&xdpctl_unload) unload;
	__typeof__(&xdpctl_report_free) report_free;
} lib;

static void *find(void *library, const char *name)
{
	void *symbol = dlsym(library, name);

	if (!symbol) {
		fprintf(stderr, "churn: %s\n", dlerror());
		exit(1);
	}
	return symbol;
}

static void open_library(const char *path)
{
	void *library = dlopen(path, RTLD_NOW);

	if (!library) {
		fprintf(stderr, "churn: %s\n", dlerror());
		exit(1);
	}
	lib.open = find(library, "xdpctl_open");
	lib.close = find(library, "xdpctl_close");
	lib.ifindex = find(library, "xdpctl_ifindex");
	lib.engine_parse = find(library, "xdpctl_engine_parse");
	lib.load = find(library, "xdpctl_load");
	lib.unload = find(library, "xdpctl_unload");
	lib.report_free = find(library, "xdpctl_report_free");
}

static void need(int r, const struct xdpctl_error *err)
{
	if (r >= 0)
		return;
	fprintf(stderr, "churn: %s\n", err->message);
	exit(1);
}

static void load_and_unload(const struct xdpctl_load *load)
{
	const struct xdpctl_options options = { .lock_timeout = 10000 };
	const struct xdpctl_unload unload = { .change = load->change, .all = true };
	struct xdpctl_report *report;
	struct xdpctl_error err = { 0 };
	struct xdpctl *x;

	need(lib.open(&options, &x, &err), &err);
	need(lib.load(x, load, &report, &err), &err);
	lib.report_free(report);
	need(lib.unload(x, &unload, &report, &err), &err);
	lib.report_free(report);
	lib.close(x);
}

static int descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

int main(int argc, char **argv)
{
	struct xdpctl_load_item items[OBJECTS_MAX] = { 0 };
	struct xdpctl_load load = { .mode = XDPCTL_MODE_NATIVE, .items = items };
	struct xdpctl_error err = { 0 };
	int before;

	if (argc < 6 || argc > 5 + OBJECTS_MAX) {
		fputs("churn LIBRARY IFACE ENGINE COUNT OBJECT...\n", stderr);
		return 2;
	}
	open_library(argv[1]);
	need(lib.engine_parse(argv[3], &load.engine), &err);
	load.change.ifindex = lib.ifindex(argv[2], &err);
	need(load.change.ifindex, &err);
	for (int i = 5; i < argc; i++)
		items[load.n_items++].path = argv[i];
	before = descriptors();
	for (long n = strtol(argv[4], NULL, 10); n > 0; n--)
		load_and_unload(&load);
	printf("%d %d\n", before, descriptors());
	return 0;
}
