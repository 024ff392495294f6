using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace BeBiDa.Configuration;

/// <summary>
/// Files that decide what becomes of jobs, or that let one into the cluster. Those that someone else could have written
/// are refused, as sshd and sudo do with theirs: they belong to root or to the user who reads them, and nobody else may
/// write them. Links count as what they point at.
/// </summary>
public static partial class TrustedFile
{
    private const uint WriteForOthers = 0b000_010_010;

    // The group may read, so that root:slurm 0640 serves slurmctld.
    private const uint TooOpenForSecrets = 0b000_010_111;

    /// <summary>Reads a file that only root and the user who reads it can have written.</summary>
    /// <exception cref="ConfigurationException">Someone else can, or owns it.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static string ReadText(string path) =>
        Read(
            path,
            file =>
            {
                RefuseForeign(path, file.Owner, $"chown root {path}");
                RefuseWritable(path, file.Mode, $"chmod go-w {path}");
            }
        );

    /// <summary>Reads a file that another one names, and that only root and the user who reads it can have written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Who names it, for the error.</param>
    /// <exception cref="ConfigurationException">Someone else can, or owns it; or it cannot be read.</exception>
    public static string ReadText(string path, string key) => Named(path, key, ReadText);

    /// <summary>Reads credentials that others can neither read nor have written.</summary>
    /// <param name="path">The file.</param>
    /// <param name="key">Who names it, for the error.</param>
    /// <exception cref="ConfigurationException">They can, or it cannot be read.</exception>
    public static string ReadSecret(string path, string key) =>
        Named(
            path,
            key,
            static path =>
                Read(
                    path,
                    file =>
                    {
                        if ((file.Mode & TooOpenForSecrets) != 0)
                            throw Problem(
                                path,
                                $"its mode {Octal(file.Mode)} exposes the cluster's credentials (0640 is fine, with the daemon's group)",
                                $"chmod 0600 {path}"
                            );
                        RefuseForeign(path, file.Owner, $"chown root {path}");
                    }
                )
        );

    /// <summary>Refuses a folder that others can write to, or own.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="run">The command that mends it, for the error.</param>
    /// <exception cref="ConfigurationException">They can, or do.</exception>
    /// <exception cref="IOException">It cannot be looked at.</exception>
    public static void RefuseOpenFolder(string path, string run)
    {
        var (owner, _, mode) = Permissions(path);
        RefuseForeign(path, owner, run);
        RefuseWritable(path, mode, run);
    }

    /// <summary>Who may do what with a file.</summary>
    /// <param name="path">The file; a link counts as what it points at.</param>
    /// <returns>The numbers of its user and group, and its permissions (the lowest twelve bits of its mode).</returns>
    /// <exception cref="IOException">It cannot be looked at, or is not there (<see cref="FileNotFoundException"/>).</exception>
    public static (uint Owner, uint Group, uint Mode) Permissions(string path)
    {
        if (statx(CurrentFolder, path, 0, OwnerGroupAndMode, out var found) != 0)
            throw Error(path, Marshal.GetLastPInvokeError());
        return (found.Owner, found.Group, found.Mode & Permission);
    }

    // What is looked at is what is read, whatever becomes of the name meanwhile. Not opened by .NET, which locks what it
    // reads: anyone who may read the file could keep it locked, and BeBiDa from reading it.
    private static string Read(string path, Action<(uint Owner, uint Group, uint Mode)> refuse)
    {
        using var handle = open(path, ReadOnly | CloseOnExec);
        if (handle.IsInvalid)
        {
            var error = Marshal.GetLastPInvokeError();
            if (error == PermissionDenied)
                refuse(Permissions(path));
            throw Error(path, error);
        }
        if (statx((int)handle.DangerousGetHandle(), "", TheFileItself, OwnerGroupAndMode, out var found) != 0)
            throw Error(path, Marshal.GetLastPInvokeError());
        refuse((found.Owner, found.Group, found.Mode & Permission));
        using var reader = new StreamReader(new FileStream(handle, FileAccess.Read));
        return reader.ReadToEnd();
    }

    private static string Named(string path, string key, Func<string, string> read)
    {
        try
        {
            return read(path);
        }
        catch (FileNotFoundException)
        {
            throw Problem(path, $"no such file, but {key} names it");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Problem(path, e.Message);
        }
    }

    private static void RefuseForeign(string path, uint owner, string run)
    {
        var reader = geteuid();
        if (owner != 0 && owner != reader)
            throw Problem(path, $"owned by user {owner}; only root or the user who reads it ({reader}) may own it", run);
    }

    private static void RefuseWritable(string path, uint mode, string run)
    {
        if ((mode & WriteForOthers) != 0)
            throw Problem(path, $"its mode {Octal(mode)} lets others change it", run);
    }

    private static ConfigurationException Problem(string path, string text, string? run = null) =>
        new(new ConfigurationProblem(text) { File = path, Run = run });

    private static IOException Error(string path, int number) =>
        number is NoSuchFile or NotAFolder
            ? new FileNotFoundException($"{path}: no such file", path)
            : new IOException(Marshal.GetPInvokeErrorMessage(number));

    private static string Octal(uint mode) => Convert.ToString(mode, 8);

    private const int ReadOnly = 0; // O_RDONLY
    private const int CloseOnExec = 0x80000; // O_CLOEXEC

    // statx(2), whose struct is the same on every architecture; .NET itself tells no file's owner.
    private const int CurrentFolder = -100; // AT_FDCWD
    private const int TheFileItself = 0x1000; // AT_EMPTY_PATH
    private const uint OwnerGroupAndMode = 0x2 | 0x8 | 0x10; // STATX_MODE, STATX_UID, STATX_GID
    private const uint Permission = 0b111_111_111_111;
    private const int NoSuchFile = 2; // ENOENT
    private const int PermissionDenied = 13; // EACCES
    private const int NotAFolder = 20; // ENOTDIR

    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct Statx
    {
        [FieldOffset(20)]
        public uint Owner;

        [FieldOffset(24)]
        public uint Group;

        [FieldOffset(28)]
        public ushort Mode;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial SafeFileHandle open(string path, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statx(int folder, string path, int flags, uint mask, out Statx found);

    [LibraryImport("libc")]
    private static partial uint geteuid();
}
