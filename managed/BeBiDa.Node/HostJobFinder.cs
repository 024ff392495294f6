using System.Runtime.InteropServices;
using BeBiDa.Abi;

namespace BeBiDa.Node;

/// <summary>Asks slurmctld through the shim.</summary>
internal sealed unsafe class HostJobFinder(delegate* unmanaged[Cdecl]<uint, byte*, uint, int> find) : IJobFinder
{
    // Slurm has no limit of its own for a job's name; a longer one is compared by what fits.
    private const int LongestName = 1024;

    /// <inheritdoc/>
    public Presence Find(uint job, out string name)
    {
        var buffer = stackalloc byte[LongestName];
        buffer[0] = 0;
        var presence = (Presence)find(job, buffer, LongestName);
        name = presence == Presence.Present ? Marshal.PtrToStringUTF8((nint)buffer)! : "";
        return presence;
    }
}
