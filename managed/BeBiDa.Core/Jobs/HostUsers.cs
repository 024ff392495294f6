using System.Runtime.InteropServices;

namespace BeBiDa.Jobs;

/// <summary>The users and groups that this host knows, from files, LDAP or whatever nsswitch.conf(5) names.</summary>
public static partial class HostUsers
{
    private const int TooSmall = 34; // ERANGE
    private const int LargestBuffer = 1 << 24;

    private delegate int Lookup(out Entry entry, nint buffer, nuint size, out nint found);

    /// <summary>The name of a user.</summary>
    /// <returns>Empty for one that this host does not know.</returns>
    public static string NameOf(uint user)
    {
        var name = "";
        Find(
            (out Entry entry, nint buffer, nuint size, out nint found) =>
            {
                var error = getpwuid_r(user, out entry, buffer, size, out found);
                if (error == 0 && found != 0)
                    name = Marshal.PtrToStringUTF8(entry.Name) ?? "";
                return error;
            }
        );
        return name;
    }

    /// <summary>The numbers of a user and of its groups, the primary one first.</summary>
    /// <returns>Null for one that this host does not know.</returns>
    public static (uint Number, IReadOnlyList<uint> Groups)? Account(string user) =>
        Find((out Entry entry, nint buffer, nuint size, out nint found) => getpwnam_r(user, out entry, buffer, size, out found))
            is { } account
            ? (
                account.FirstNumber,
                [account.SecondNumber, .. Groups(user, account.SecondNumber).Where(group => group != account.SecondNumber)]
            )
            : null;

    /// <summary>The number of a group.</summary>
    /// <returns>Null for one that this host does not know.</returns>
    public static uint? GroupNumber(string group) =>
        Find(
            (out Entry entry, nint buffer, nuint size, out nint found) => getgrnam_r(group, out entry, buffer, size, out found)
        )?.FirstNumber;

    /// <summary>The name of a group.</summary>
    /// <returns>Empty for one that this host does not know.</returns>
    public static string GroupName(uint group)
    {
        var name = "";
        Find(
            (out Entry entry, nint buffer, nuint size, out nint found) =>
            {
                var error = getgrgid_r(group, out entry, buffer, size, out found);
                if (error == 0 && found != 0)
                    name = Marshal.PtrToStringUTF8(entry.Name) ?? "";
                return error;
            }
        );
        return name;
    }

    private static uint[] Groups(string user, uint primary)
    {
        for (var room = 64; ; )
        {
            var groups = new uint[room];
            var count = room;
            if (getgrouplist(user, primary, groups, ref count) >= 0)
                return groups[..count];
            room = Math.Max(count, room * 2);
        }
    }

    private static Entry? Find(Lookup lookup)
    {
        for (var size = 4096; size <= LargestBuffer; size *= 4)
        {
            var buffer = Marshal.AllocHGlobal(size);
            var error = lookup(out var entry, buffer, (nuint)size, out var found);
            Marshal.FreeHGlobal(buffer);
            if (error != TooSmall)
                return error == 0 && found != 0 ? entry : null;
        }
        return null;
    }

    // What struct passwd (pwd.h: user and group id) and struct group (grp.h: group id) begin with on 64-bit Linux.
    [StructLayout(LayoutKind.Sequential, Size = 64)]
    private struct Entry
    {
        public nint Name;
        public nint Password;
        public uint FirstNumber;
        public uint SecondNumber;
    }

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int getpwnam_r(string name, out Entry entry, nint buffer, nuint size, out nint found);

    [LibraryImport("libc")]
    private static partial int getpwuid_r(uint id, out Entry entry, nint buffer, nuint size, out nint found);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int getgrnam_r(string name, out Entry entry, nint buffer, nuint size, out nint found);

    [LibraryImport("libc")]
    private static partial int getgrgid_r(uint id, out Entry entry, nint buffer, nuint size, out nint found);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int getgrouplist(string user, uint group, [Out] uint[] groups, ref int count);
}
