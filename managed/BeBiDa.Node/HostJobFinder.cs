using System.Runtime.InteropServices;
using BeBiDa.Abi;

namespace BeBiDa.Node;

/// <summary>Asks slurmctld through the plugin.</summary>
internal sealed unsafe class HostJobFinder(delegate* unmanaged[Cdecl]<uint, byte*, uint, byte*, uint, int> find) : IJobFinder
{
    // Slurm has no limit of its own for a job's name; what is longer is compared by what fits.
    private const int LongestText = 1024;

    /// <inheritdoc/>
    public FoundJob Find(uint job)
    {
        var name = stackalloc byte[LongestText];
        var account = stackalloc byte[LongestText];
        *name = *account = 0;
        var presence = (Presence)find(job, name, LongestText, account, LongestText);
        return presence == Presence.Present
            ? new FoundJob(presence, Marshal.PtrToStringUTF8((nint)name)!, Marshal.PtrToStringUTF8((nint)account)!)
            : new FoundJob(presence);
    }
}
