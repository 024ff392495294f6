namespace BeBiDa.Hollow.Nodes;

/// <summary>What a kubelet remembers of one pod on its machine.</summary>
internal sealed class PodLife
{
    public required string Ip { get; init; }

    /// <summary>Known from the API only: an earlier kubelet ran it.</summary>
    public bool Adopted { get; set; }

    public DateTime Started { get; set; }

    /// <summary>When its containers run; null once they do.</summary>
    public DateTime? StartsAt { get; set; }

    public bool RunningReported { get; set; }

    public bool FinishReported { get; set; }

    public int Restarts { get; set; }

    public IPodProcess? Process { get; set; }

    public Task? ProcessEnd { get; set; }

    public DateTime? EndsAt { get; set; }
}
