#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-2.0-or-later
# That `make bench` can measure: its program runs, and its results are complete. How fast anything is isn't tested; a
# cost is a difference, and in a run as short as these it can come out as anything.
#
# bats file_tags=host

load helpers

setup_file() {
	"$BUILD/tests/bench/bench" --quick --json "$BATS_FILE_TMPDIR/results" >"$BATS_FILE_TMPDIR/table"
}

holds() { # JQ
	jq -e "$1" "$BATS_FILE_TMPDIR/results" >/dev/null
}

@test "a benchmark's results say where they are from" {
	holds '.schema == 1 and (.runs | length == 1)'
	holds '.runs[0] | .machine == "host" and .unit == "ns" and .rounds > 0 and (.kernel | length > 0)'
	holds '.runs[0].freplace | .answer == "yes" or (.answer == "no" and (.why | length > 0))'
}

@test "a benchmark measures all kinds of chains" {
	for kind in empty realistic; do
		holds "[.runs[0].chains[] | select(.component == \"$kind\" and .chain == \"single\").components] == [1]"
		for chain in inline call; do
			holds "[.runs[0].chains[] | select(.component == \"$kind\" and .chain == \"$chain\").components] ==
				[1, 2, 4, 8, 10, 16, 32, 64]"
		done
		holds "[.runs[0].chains[] | select(.component == \"$kind\" and .chain == \"tail\").components] ==
			[1, 2, 4, 8, 10, 16, 32]"
	done
}

@test "a benchmark has all numbers" {
	holds '.runs[0].chains | all((.cost | type == "number") and (.ratio | type == "number"))'
	holds '.runs[0].chains | all(.chain == "tail" or .chain == "dispatcher" or .verified > 0)'
	holds '[.runs[0].adding[] | [.component, .nth]] ==
		[["empty", 2], ["empty", 64], ["realistic", 2], ["realistic", 64]]'
	holds '.runs[0].adding | all(.alone_ms > 0 and .link_ms > 0 and .load_ms > 0 and .total_ms > 0 and .verified > 0)'
}

@test "a benchmark ends with what is wanted of fused chains" {
	holds '[.ratios[].name] == ["inline-adds-to-call-adds", "ten-inline-to-one", "adding-64th-to-2nd-empty",
		"adding-64th-to-2nd-realistic"]'
	holds '.ratios | all((.value | type == "number") and .wanted > 0 and (.met | type == "boolean"))'
	[ "$(grep -c '^ratio [a-z0-9-]* -\?[0-9.]* (wanted at most [0-9.]*)$' "$BATS_FILE_TMPDIR/table")" -eq 4 ]
}

@test "a benchmark takes over what was measured elsewhere" {
	jq '.runs[0].machine = "guest"' "$BATS_FILE_TMPDIR/results" >"$BATS_TEST_TMPDIR/other"
	"$BUILD/tests/bench/bench" --quick --join "$BATS_TEST_TMPDIR/other" --json "$BATS_TEST_TMPDIR/both"
	jq -e '[.runs[].machine] == ["host", "guest"]' "$BATS_TEST_TMPDIR/both" >/dev/null
}
