using System.Runtime.InteropServices;
using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Cli.Credentials;

/// <summary>Whose a file is to be.</summary>
/// <param name="User">The user's number; null to leave it to whoever writes.</param>
/// <param name="Group">The group's number.</param>
/// <param name="Mode">Who may do what.</param>
internal sealed record FileOwner(uint? User, uint? Group, UnixFileMode Mode)
{
    private const UnixFileMode OwnersOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Nobody's but of whoever writes it: 0600.</summary>
    public static FileOwner Mine { get; } = new(null, null, OwnersOnly);

    /// <summary>Root's, and read by a group: 0640.</summary>
    public static FileOwner RootAnd(uint group) => new(0, group, OwnersOnly | UnixFileMode.GroupRead);

    /// <summary>The same, and closed to all but the owner and, to be read, the group.</summary>
    public FileOwner Closed => this with { Mode = Mode & (OwnersOnly | UnixFileMode.GroupRead) };

    /// <summary>As a file is now.</summary>
    public static FileOwner Of(string path)
    {
        var (user, group, mode) = TrustedFile.Permissions(path);
        return new FileOwner(user, group, (UnixFileMode)mode);
    }
}

/// <summary>Writes files with secrets: nobody reads a half of one, and nobody reads one whom it is not for.</summary>
internal static partial class PrivateFile
{
    /// <summary>Writes it in one move.</summary>
    /// <param name="path">The file; where it is a link, what that points at.</param>
    /// <param name="text">All of it.</param>
    /// <param name="owner">Whose it is.</param>
    /// <exception cref="ConfigurationException">It cannot be written there.</exception>
    public static void Write(string path, string text, FileOwner owner)
    {
        if (OperatingSystem.IsWindows())
            throw new PlatformNotSupportedException("file modes are those of Unix");
        string? temporary = null;
        try
        {
            var target = File.Exists(path)
                ? File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? Path.GetFullPath(path)
                : Path.GetFullPath(path);
            var folder = Path.GetDirectoryName(target)!;
            Directory.CreateDirectory(folder);
            temporary = Path.Combine(folder, $".{Path.GetFileName(target)}.{Environment.ProcessId}");
            using (
                var file = new FileStream(
                    temporary,
                    new FileStreamOptions
                    {
                        Mode = FileMode.CreateNew,
                        Access = FileAccess.Write,
                        UnixCreateMode = FileOwner.Mine.Mode,
                    }
                )
            )
            {
                using var writer = new StreamWriter(file);
                writer.Write(text);
                writer.Flush();
                // First whose it is, then what they may.
                if (
                    (owner.User is not null || owner.Group is not null)
                    && fchown((int)file.SafeFileHandle.DangerousGetHandle(), owner.User ?? Unchanged, owner.Group ?? Unchanged) != 0
                )
                    throw new IOException($"its owner cannot be set: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
                File.SetUnixFileMode(file.SafeFileHandle, owner.Mode);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, target, overwrite: true);
            temporary = null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigurationException(new ConfigurationProblem(e.Message) { File = path });
        }
        finally
        {
            if (temporary is not null)
                File.Delete(temporary);
        }
    }

    /// <summary>A file's owner, group and mode, as ls shows them: "root:slurm 0640".</summary>
    public static string Describe(string path)
    {
        var (user, group, mode) = TrustedFile.Permissions(path);
        return $"{Name(HostUsers.NameOf(user), user)}:{Name(HostUsers.GroupName(group), group)} {Convert.ToString(mode, 8).PadLeft(4, '0')}";
    }

    private static string Name(string known, uint number) => known.Length > 0 ? known : $"{number}";

    private const uint Unchanged = uint.MaxValue; // -1, chown(2)

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fchown(int file, uint user, uint group);
}
