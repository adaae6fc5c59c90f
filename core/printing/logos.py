"""Pictures of people that may stand on papers: a PNG of a modest size, and whole.

Read piece by piece before any decoder sees it. Source: W3C PNG, third edition.
"""

import struct
import zlib

from core.errors import FieldError, Invalid

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BYTES_MAX = 200_000
SIDE_MAX = 2_000
#: Samples of a pixel, by colour type.
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {1, 2, 4, 8, 16}


class LogoRefused(Invalid):
    def __init__(self, message: str) -> None:
        super().__init__(message, fields=[FieldError("logo", message)])


def logo_require(content: bytes) -> None:
    """Raises LogoRefused unless `content` is a PNG that can be printed."""
    if len(content) > BYTES_MAX:
        raise LogoRefused(f"A logo has at most {BYTES_MAX // 1000} kB.")
    if not content.startswith(SIGNATURE):
        raise LogoRefused("A logo is a PNG.")
    pieces = _pieces(content)
    if not pieces or pieces[0][0] != b"IHDR" or len(pieces[0][1]) != 13 or pieces[-1][0] != b"IEND":
        raise LogoRefused("This PNG is not whole.")
    _require_pixels(pieces[0][1], b"".join(data for name, data in pieces if name == b"IDAT"))


def _pieces(content: bytes) -> list[tuple[bytes, bytes]]:
    """Name and data of each chunk; LogoRefused where one is cut off or damaged."""
    found, place = [], len(SIGNATURE)
    while place < len(content):
        if place + 12 > len(content):
            raise LogoRefused("This PNG is not whole.")
        length, name = struct.unpack_from(">I4s", content, place)
        end = place + 12 + length
        data = content[place + 8 : end - 4]
        if (
            end > len(content)
            or zlib.crc32(name + data) != struct.unpack_from(">I", content, end - 4)[0]
        ):
            raise LogoRefused("This PNG is damaged.")
        found.append((name, data))
        place = end
    return found


def _require_pixels(header: bytes, packed: bytes) -> None:
    """As many as the header says, unpacked no further than that."""
    width, height, depth, kind, _, _, interlaced = struct.unpack(">IIBBBBB", header)
    if not (0 < width <= SIDE_MAX and 0 < height <= SIDE_MAX):
        raise LogoRefused(f"A logo is at most {SIDE_MAX} pixels wide and high.")
    if kind not in CHANNELS or depth not in DEPTHS:
        raise LogoRefused("This PNG is damaged.")
    line = (width * CHANNELS[kind] * depth + 7) // 8 + 1
    # Seven passes of an interlaced picture begin each of their lines with a byte, too.
    most = height * line + (interlaced and (8 * height + line * 8))
    unpacker = zlib.decompressobj()
    try:
        unpacked = unpacker.decompress(packed, most + 1)
    except zlib.error:
        raise LogoRefused("This PNG is damaged.") from None
    if len(unpacked) > most or (len(unpacked) < height * line and not interlaced):
        raise LogoRefused("This PNG is damaged.")
