/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kernel/nl.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "util.h"

#define MAX_ERRNO 4095 /* the kernel's */

/* A dump's messages are at most 32 KiB unless one interface alone needs more (hundreds of altnames). */
#define NL_SIZE 32768u
#define NL_SIZE_MAX (1024u * 1024u)

/*
 * The kernel handles a request inside sendto(), so its answer is there already when we come to read it.
 * If it isn't, it was lost (no memory for the ACK), and this ends the wait for it.
 */
static const struct timeval nl_timeout = { .tv_sec = 5 };

struct talk {
	mnl_cb_t on_data;
	void *data;
	struct nl_reply *reply;
};

static int get_sentence(const struct nlattr *attr, void *data)
{
	struct nl_reply *reply = data;

	if (mnl_attr_get_type(attr) == NLMSGERR_ATTR_MSG &&
	    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
		util_copy(reply->sentence, sizeof(reply->sentence), mnl_attr_get_str(attr));
	return 0;
}

/* The extack attributes follow the @fixed part: with NETLINK_CAP_ACK nothing is between them. */
static void read_extack(const struct nlmsghdr *nlh, size_t fixed, struct nl_reply *reply)
{
	const char *payload = mnl_nlmsg_get_payload(nlh);

	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		nl_attrs(payload + fixed, mnl_nlmsg_get_payload_len(nlh) - fixed, get_sentence,
			 reply);
}

static int end_with(const struct nlmsghdr *nlh, size_t fixed, struct nl_reply *reply)
{
	int error;

	if (mnl_nlmsg_get_payload_len(nlh) < fixed) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	memcpy(&error, mnl_nlmsg_get_payload(nlh), sizeof(error));
	if (error > 0 || error < -MAX_ERRNO) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	reply->error = -error;
	read_extack(nlh, fixed, reply);
	return MNL_CB_STOP;
}

/* An error, or with errno 0 the acknowledgement. */
static int on_error(const struct nlmsghdr *nlh, void *data)
{
	struct talk *talk = data;

	return end_with(nlh, sizeof(struct nlmsgerr), talk->reply);
}

/* A dump may fail when half of it has been sent: its end carries an errno as well. */
static int on_done(const struct nlmsghdr *nlh, void *data)
{
	struct talk *talk = data;

	return end_with(nlh, sizeof(int), talk->reply);
}

static int on_message(const struct nlmsghdr *nlh, void *data)
{
	struct talk *talk = data;

	return talk->on_data ? talk->on_data(nlh, talk->data) : MNL_CB_OK;
}

static int grow(struct nl *nl, size_t size)
{
	char *buf;

	if (size > NL_SIZE_MAX)
		return -EMSGSIZE;
	buf = realloc(nl->buf, size);
	if (!buf)
		return -ENOMEM;
	nl->buf = buf;
	nl->size = size;
	return 0;
}

static void disconnect(struct nl *nl)
{
	if (nl->socket)
		mnl_socket_close(nl->socket);
	nl->socket = NULL;
}

static int set_options(struct mnl_socket *socket)
{
	int on = 1;

	if (mnl_socket_setsockopt(socket, NETLINK_EXT_ACK, &on, sizeof(on)) < 0 ||
	    mnl_socket_setsockopt(socket, NETLINK_CAP_ACK, &on, sizeof(on)) < 0 ||
	    setsockopt(mnl_socket_get_fd(socket), SOL_SOCKET, SO_RCVTIMEO, &nl_timeout,
		       sizeof(nl_timeout)) < 0 ||
	    mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	return 0;
}

static int connect_socket(struct nl *nl)
{
	int ret;

	if (nl->socket)
		return 0;
	nl->socket = mnl_socket_open2(nl->protocol, SOCK_CLOEXEC);
	if (!nl->socket)
		return -errno;
	ret = set_options(nl->socket);
	if (ret < 0)
		disconnect(nl);
	return ret;
}

int nl_open(struct nl *nl, int protocol)
{
	int ret;

	*nl = (struct nl){ .protocol = protocol };
	ret = grow(nl, NL_SIZE);
	if (ret == 0)
		ret = connect_socket(nl);
	if (ret < 0)
		nl_close(nl);
	return ret;
}

void nl_close(struct nl *nl)
{
	disconnect(nl);
	free(nl->buf);
	nl->buf = NULL;
}

/* One datagram. Its length, or -errno (-ETIMEDOUT: none came). */
static ssize_t receive(struct nl *nl)
{
	ssize_t len;

	do {
		len = mnl_socket_recvfrom(nl->socket, nl->buf, nl->size);
	} while (len < 0 && errno == EINTR);
	if (len >= 0)
		return len;
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

static int listen_to_end(struct nl *nl, struct talk *talk)
{
	mnl_cb_t control[NLMSG_MIN_TYPE] = {
		/* not const before libmnl 1.0.5 */
		[NLMSG_ERROR] = on_error,
		[NLMSG_DONE] = on_done,
	};
	unsigned int portid = mnl_socket_get_portid(nl->socket);

	for (;;) {
		ssize_t len = receive(nl);
		int ret;

		if (len < 0)
			return (int)len;
		ret = mnl_cb_run2(nl->buf, (size_t)len, nl->seq, portid, on_message, talk, control,
				  ARRAY_SIZE(control));
		if (ret == MNL_CB_STOP)
			return 0;
		if (ret < 0)
			return -errno;
	}
}

static int converse(struct nl *nl, struct nlmsghdr *request, struct talk *talk)
{
	int ret = connect_socket(nl);

	if (ret < 0)
		return ret;
	nl->seq = nl->seq == UINT32_MAX ? 1 : nl->seq + 1; /* libmnl doesn't check for 0 */
	request->nlmsg_seq = nl->seq;
	if (mnl_socket_sendto(nl->socket, request, request->nlmsg_len) < 0)
		return -errno;
	talk->reply->sent = true;
	return listen_to_end(nl, talk);
}

int nl_talk(struct nl *nl, struct nlmsghdr *request, mnl_cb_t on_data, void *data,
	    struct nl_reply *reply)
{
	struct talk talk = { .on_data = on_data, .data = data, .reply = reply };
	int ret;

	*reply = (struct nl_reply){ 0 };
	ret = converse(nl, request, &talk);
	if (ret == 0)
		return 0;
	/* Half an answer may wait in the socket. A new one is the surest way not to read it as the next. */
	disconnect(nl);
	if (ret == -ENOSPC) {
		int grown = grow(nl, nl->size * 2);

		if (grown < 0)
			return grown;
	}
	return ret;
}

bool nl_again(int ret)
{
	return ret == -EINTR || ret == -ENOSPC || ret == -ENOBUFS;
}

bool nl_attr_is(const struct nlattr *attr, enum mnl_attr_data_type type, size_t size)
{
	if (mnl_attr_validate(attr, type) < 0)
		return false;
	if (mnl_attr_get_payload_len(attr) > size) {
		errno = ERANGE;
		return false;
	}
	return true;
}

int nl_attrs(const void *first, size_t len, int (*each)(const struct nlattr *attr, void *data),
	     void *data)
{
	const char *at = first;

	while (len > 0) {
		const struct nlattr *attr = (const void *)at;
		size_t step;
		int ret;

		if (len < MNL_ATTR_HDRLEN || attr->nla_len < MNL_ATTR_HDRLEN || attr->nla_len > len)
			return -EBADMSG;
		ret = each(attr, data);
		if (ret != 0)
			return ret;
		step = MNL_ALIGN(attr->nla_len);
		if (step >= len)
			break; /* the last one's padding may be left out */
		at += step;
		len -= step;
	}
	return 0;
}
