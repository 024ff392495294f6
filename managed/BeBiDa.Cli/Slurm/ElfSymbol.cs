using System.Buffers.Binary;
using System.Text;

namespace BeBiDa.Cli.Slurm;

/// <summary>Reads a variable that a shared object exports, without loading it: a plugin may be of another Slurm, whose symbols are not here.</summary>
/// <remarks>64-bit ELF, little-endian (elf(5)); what Slurm is built for on x86-64 and arm64.</remarks>
internal static class ElfSymbol
{
    private const uint DynamicSymbols = 11; // SHT_DYNSYM
    private const uint Loaded = 1; // PT_LOAD
    private const int SymbolSize = 24; // sizeof(Elf64_Sym)

    /// <summary>The 32-bit number of that name.</summary>
    /// <returns>Null where the file exports none, or is no such object.</returns>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static uint? ReadUInt32(string path, string name)
    {
        ReadOnlySpan<byte> file = File.ReadAllBytes(path);
        try
        {
            return
                file.StartsWith("\u007fELF\u0002\u0001"u8)
                && Address(file, Encoding.ASCII.GetBytes(name)) is { } address
                && Offset(file, address) is { } at
                ? BinaryPrimitives.ReadUInt32LittleEndian(file[at..])
                : null;
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or OverflowException)
        {
            // Cut short, or no ELF behind its first bytes.
            return null;
        }
    }

    private static ulong? Address(ReadOnlySpan<byte> file, ReadOnlySpan<byte> name)
    {
        var (sections, size, count) = (Int(file, 0x28), Short(file, 0x3a), Short(file, 0x3c));
        for (var i = 0; i < count; i++)
        {
            var section = file.Slice(sections + i * size, size);
            if (BinaryPrimitives.ReadUInt32LittleEndian(section[4..]) != DynamicSymbols)
                continue;
            var symbols = file.Slice(Int(section, 0x18), Int(section, 0x20));
            var names = file.Slice(sections + checked((int)BinaryPrimitives.ReadUInt32LittleEndian(section[0x28..])) * size, size);
            var text = file.Slice(Int(names, 0x18), Int(names, 0x20));
            for (; symbols.Length >= SymbolSize; symbols = symbols[SymbolSize..])
            {
                var called = text[checked((int)BinaryPrimitives.ReadUInt32LittleEndian(symbols))..];
                // One without a section is used here and defined elsewhere.
                if (called.StartsWith(name) && called[name.Length] == 0 && Short(symbols, 6) != 0)
                    return BinaryPrimitives.ReadUInt64LittleEndian(symbols[8..]);
            }
        }
        return null;
    }

    private static int? Offset(ReadOnlySpan<byte> file, ulong address)
    {
        var (segments, size, count) = (Int(file, 0x20), Short(file, 0x36), Short(file, 0x38));
        for (var i = 0; i < count; i++)
        {
            var segment = file.Slice(segments + i * size, size);
            var start = BinaryPrimitives.ReadUInt64LittleEndian(segment[0x10..]);
            if (
                BinaryPrimitives.ReadUInt32LittleEndian(segment) == Loaded
                && address >= start
                && address - start < BinaryPrimitives.ReadUInt64LittleEndian(segment[0x20..])
            )
                return checked((int)(BinaryPrimitives.ReadUInt64LittleEndian(segment[8..]) + (address - start)));
        }
        return null;
    }

    private static int Int(ReadOnlySpan<byte> bytes, int at) => checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes[at..]));

    private static int Short(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
