using BeBiDa.Abi;

namespace BeBiDa.Node;

/// <summary>slurmctld, asked for one job.</summary>
internal interface IJobFinder
{
    /// <summary>Looks up a job that may be on this node.</summary>
    FoundJob Find(uint job);
}

/// <summary>What slurmctld says of a job.</summary>
/// <param name="Presence">Whether it is on this node.</param>
/// <param name="Name">Its name; empty unless it is there.</param>
/// <param name="Account">Its account; empty unless it is there, and if it has none.</param>
internal readonly record struct FoundJob(Presence Presence, string Name = "", string Account = "");
