using System.Runtime.InteropServices;
using System.Text;

namespace BeBiDa.Abi;

/// <summary>NULL-terminated arrays of strings, as they cross the ABI.</summary>
public static unsafe class NativeStrings
{
    /// <summary>Copies an array of strings.</summary>
    public static List<string> Read(byte** array)
    {
        var strings = new List<string>();
        for (; *array is not null; array++)
            strings.Add(Marshal.PtrToStringUTF8((nint)(*array)) ?? "");
        return strings;
    }

    /// <summary>
    /// Copies what BeBiDa reads of the environment of a prolog or epilog: Slurm's own variables, and the one of its SPANK
    /// option. Everything else there is the user's to write, as much of it as they like, and is passed over uncopied.
    /// </summary>
    public static Dictionary<string, string> ReadVariables(byte** environment)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        for (; *environment is not null; environment++)
        {
            var variable = MemoryMarshal.CreateReadOnlySpanFromNullTerminated(*environment);
            if (!IsRead(variable) || variable.IndexOf((byte)'=') is not (var at and > 0))
                continue;
            variables[Encoding.UTF8.GetString(variable[..at])] = Encoding.UTF8.GetString(variable[(at + 1)..]);
        }
        return variables;
    }

    // SLURM_JOB_ID and its like, SLURMD_NODENAME
    private static bool IsRead(ReadOnlySpan<byte> variable) => variable.StartsWith("SLURM"u8) || variable.StartsWith("SPANK_BEBIDA="u8);
}
