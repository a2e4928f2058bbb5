#!/usr/bin/env bash
# Makes clip.flv, the test picture of `weir up --demo`: bars, a running clock and a tone. It lasts
# 20.48 s, which is a whole number of pictures (512), key frame intervals (8) and audio frames (960),
# so that it can be sent in a loop. Needs ffmpeg with libx264 and the DejaVu fonts.
set -euo pipefail
cd "$(dirname "$0")"
font=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
ffmpeg -hide_banner -loglevel warning -y \
  -f lavfi -i "smptehdbars=size=640x360:rate=25" \
  -f lavfi -i "sine=frequency=440:beep_factor=4:sample_rate=48000" \
  -filter_complex "[0:v]drawbox=x=170:y=130:w=300:h=100:color=black@0.75:t=fill,
    drawtext=fontfile=$font:text='%{pts\:hms}':fontsize=34:fontcolor=white:x=(w-tw)/2:y=150,
    drawtext=fontfile=$font:text='Weir demo':fontsize=20:fontcolor=white:x=(w-tw)/2:y=196,
    drawbox=x='mod(t*160,600)':y=320:w=40:h=16:color=white:t=fill[v];[1:a]volume=0.25[a]" \
  -map '[v]' -map '[a]' -t 20.48 \
  -c:v libx264 -profile:v high -preset veryslow -crf 30 -pix_fmt yuv420p -bf 0 -g 64 -keyint_min 64 \
  -sc_threshold 0 -c:a aac -b:a 40k -ac 1 -flvflags no_duration_filesize -bitexact clip.flv
ls -l clip.flv
