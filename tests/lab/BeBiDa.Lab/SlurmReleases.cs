namespace BeBiDa.Lab;

/// <summary>The release of this host's Slurm, for tests of what not every release does: <c>[TestFixtureSource(typeof(SlurmReleases), …)]</c>.</summary>
public static class SlurmReleases
{
    /// <summary><c>scontrol reconfigure</c> is carried out in the same process.</summary>
    public static IEnumerable<Version> Until2302 => SlurmInstallation.HandsOverToNewProcess ? [] : [SlurmInstallation.Release];

    /// <summary><c>scontrol reconfigure</c> makes a new process; there is auth/slurm.</summary>
    public static IEnumerable<Version> From2311 => SlurmInstallation.HandsOverToNewProcess ? [SlurmInstallation.Release] : [];
}
