using System.Runtime.InteropServices;
using BeBiDa.Configuration;
using Microsoft.Win32.SafeHandles;

namespace BeBiDa.Cli;

/// <summary>A log that many processes append to at once.</summary>
internal static partial class LogFile
{
    // Linux, on every processor that .NET runs on: O_WRONLY, O_CREAT, O_APPEND, O_CLOEXEC; rw-r-----.
    private const int Flags = 0x1 | 0x40 | 0x400 | 0x80000;
    private const int Mode = 0b110_100_000;

    /// <summary>Opens it.</summary>
    /// <exception cref="ConfigurationException">It cannot be written.</exception>
    public static StreamWriter Append(string path)
    {
        try
        {
            return new StreamWriter(Append(path, Mode));
        }
        catch (IOException e)
        {
            throw new ConfigurationException($"--log: {path}: {e.Message}");
        }
    }

    /// <summary>Opens it. .NET's own append writes to where the end was at that time, and so over what others write meanwhile.</summary>
    /// <param name="path">The file.</param>
    /// <param name="mode">Its mode, if it is made.</param>
    /// <returns>A stream whose every write is one write to the file.</returns>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static FileStream Append(string path, int mode)
    {
        var file = new SafeFileHandle(Open(path, Flags, mode), ownsHandle: true);
        return file.IsInvalid
            ? throw new IOException(Marshal.GetLastPInvokeErrorMessage())
            : new FileStream(file, FileAccess.Write, bufferSize: 0);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags, int mode);
}
