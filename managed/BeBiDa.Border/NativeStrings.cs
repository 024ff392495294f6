using System.Runtime.InteropServices;

namespace BeBiDa.Border;

/// <summary>NULL-terminated arrays of strings, as they cross the border.</summary>
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

    /// <summary>Copies an environment block; entries without a name are left out.</summary>
    public static Dictionary<string, string> ReadVariables(byte** environment)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var variable in Read(environment))
            if (variable.IndexOf('=', StringComparison.Ordinal) is var at and > 0)
                variables[variable[..at]] = variable[(at + 1)..];
        return variables;
    }
}
