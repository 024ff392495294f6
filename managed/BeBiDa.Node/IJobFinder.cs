using BeBiDa.Abi;

namespace BeBiDa.Node;

/// <summary>slurmctld, asked for one job.</summary>
internal interface IJobFinder
{
    /// <summary>Whether the job has nodes now.</summary>
    /// <param name="job">Its number.</param>
    /// <param name="name">Its name, when it is there; otherwise empty.</param>
    Presence Find(uint job, out string name);
}
