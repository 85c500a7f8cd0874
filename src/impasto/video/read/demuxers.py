"""The formats of FFmpeg's that are films.

All others are refused: FFmpeg takes any text for the art of a terminal, any numbers for samples, and follows
playlists, and a file may be a stranger's.
"""

DEMUXERS = (
    # Containers of today, and of cameras, broadcasters and discs.
    *("mov", "matroska", "avi", "mpegts", "mpegtsraw", "mpeg", "ogg", "flv", "live_flv", "kux", "asf", "asf_o"),
    *("mxf", "gxf", "lxf", "nut", "wtv", "ty", "dhav", "r3d", "ifv", "iv8", "ivr", "rm", "nsv", "nuv", "pva", "pmp"),
    *("avr", "mv", "mlv", "filmstrip", "swf", "mtv", "mgsts", "wc3movie", "xmv", "psxstr", "simbiosis_imx"),
    # Bare streams.
    *("h261", "h263", "h264", "hevc", "vvc", "evc", "apv", "av1", "obu", "ivf", "m4v", "mpegvideo", "vc1", "vc1test"),
    *("dirac", "dnxhd", "dv", "cavsvideo", "avs2", "avs3", "ipu", "mjpeg", "mjpeg_2000", "mpjpeg", "smjpeg"),
    *("ingenient", "yuv4mpegpipe", "jpegxl_anim"),
    # Games and the years before.
    *("4xm", "anm", "avs", "bethsoftvid", "bfi", "bink", "bmv", "c93", "cdxl", "cine", "dsicin", "dfa", "dxa"),
    *("ea", "ea_cdata", "film_cpk", "flic", "frm", "gdv", "hnm", "idcin", "iff", "ipmovie", "jv", "lmlm4"),
    *("mm", "mods", "moflex", "msnwctcp", "mvi", "paf", "rl2", "roq", "rpl", "sdr2", "ser", "sga", "siff", "smk"),
    *("thp", "tiertexseq", "tmv", "txd", "vidc", "vividas", "vivo", "vmd", "wsvqa", "yop"),
)
