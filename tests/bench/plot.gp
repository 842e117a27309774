# SPDX-License-Identifier: GPL-2.0-or-later
# Draws one machine's chains, empty components on the left and realistic ones on the right. Needs the variables title,
# unit, most (components on the axis), empty, realistic (files) and output; tests/bench/plot sets them.

set terminal svg size 960,420 font "sans-serif,13" background "white" name "bench"
set output output

set style line 1 linewidth 2 linecolor rgb "#1b7837" pointtype 7 pointsize 0.6
set style line 2 linewidth 2 linecolor rgb "#e08214" pointtype 5 pointsize 0.6
set style line 3 linewidth 2 linecolor rgb "#2166ac" pointtype 9 pointsize 0.7
set style line 4 linewidth 2 linecolor rgb "#762a83" pointtype 11 pointsize 0.7
set style line 5 linewidth 2 linecolor rgb "#b2182b" pointtype 13 pointsize 0.8
set border 3 linecolor rgb "#808080"
set grid ytics linecolor rgb "#e0e0e0"
set tics nomirror textcolor rgb "black"
set key top left reverse Left samplen 2
set xrange [0:most * 1.01]
set yrange [0:*]
set xlabel "components in the chain"
set ylabel unit . " per packet"

words = "libxdp dispatcher call tail inline"
names = "'libxdp (freplace)' 'xdpctl freplace' 'fused, called' 'tail calls' 'fused, inlined'"
styles = "5 4 2 3 1"

# A chain that a machine doesn't have has no block in the file.
has(file, chain) = int(system("grep -c '^# " . chain . "$' " . file . " || :"))

set multiplot layout 1,2 title title font ",15"
do for [file in empty . " " . realistic] {
	set title (file eq empty ? "empty components" : "realistic components")
	chosen = ""
	do for [i = 1:words(words)] {
		if (has(file, word(words, i))) { chosen = chosen . " " . i }
	}
	plot for [i in chosen] file index word(words, int(i)) using ($1 <= most ? $1 : NaN):2 with linespoints \
		linestyle int(word(styles, int(i))) title word(names, int(i))
}
unset multiplot
